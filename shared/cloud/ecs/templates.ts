/** Launch templates, as they are; template-versions.ts changes them. */
import { DescribeLaunchTemplateVersions, DescribeLaunchTemplates } from "./actions.ts";
import * as z from "zod/mini";
import { send, type CloudClient } from "../client.ts";
import { byNumber } from "./pages.ts";

export interface Template {
  readonly id: string;
  readonly name: string;
  readonly defaultVersion: number;
  readonly latestVersion: number;
}

export interface TemplateVersion {
  readonly version: number;
  /** "" without one. */
  readonly description: string;
  readonly isDefault: boolean;
  /**
   * The launch parameters as the cloud keeps them, in its spelling; its tags say Key and Value here. Undefined when
   * the cloud does not show them.
   */
  readonly data: Readonly<Record<string, unknown>> | undefined;
  /** Its disks; undefined when they are not known. */
  readonly disks: TemplateDisks | undefined;
}

/** The fields of a disk that a template sets, in the cloud's spelling. Size in GiB. */
export interface TemplateDisk {
  readonly Category?: string;
  readonly PerformanceLevel?: string;
  readonly Size?: number;
}

interface TemplateDisks {
  readonly system: TemplateDisk;
  readonly data: readonly TemplateDisk[];
}

/** Which template: by id or by name. */
export type TemplateName = { readonly id: string } | { readonly name: string };

const templatesAnswer = () =>
  z.looseObject({
    LaunchTemplateSets: z.looseObject({
      LaunchTemplateSet: z.array(
        z.looseObject({
          LaunchTemplateId: z.string(),
          LaunchTemplateName: z.string(),
          DefaultVersionNumber: z.number(),
          LatestVersionNumber: z.number(),
        }),
      ),
    }),
    TotalCount: z.optional(z.number()),
  });

/** The templates that exist among those named; all of the region when none is named. */
export async function describeTemplates(
  client: CloudClient,
  names: readonly string[] = [],
  region?: string,
): Promise<Template[]> {
  const action = "DescribeLaunchTemplates";
  const wire = await byNumber(action, 50, async (PageNumber) => {
    const params = { LaunchTemplateName: names.length === 0 ? undefined : names, PageNumber, PageSize: 50 };
    const page = await send(client, { action: DescribeLaunchTemplates, params, region }, templatesAnswer);
    return {
      items: page.LaunchTemplateSets.LaunchTemplateSet,
      total: page.TotalCount ?? Number.POSITIVE_INFINITY,
    };
  });
  return wire.map((template) => ({
    id: template.LaunchTemplateId,
    name: template.LaunchTemplateName,
    defaultVersion: template.DefaultVersionNumber,
    latestVersion: template.LatestVersionNumber,
  }));
}

const word = () => z.nullish(z.string());
const wireDisk = () =>
  z.looseObject({ Category: word(), PerformanceLevel: word(), Size: z.nullish(z.coerce.number()) });
type WireDisk = z.infer<ReturnType<typeof wireDisk>>;
const wireDisks = () =>
  z.looseObject({
    SystemDisk: z.nullish(wireDisk()),
    DataDisks: z.nullish(z.looseObject({ DataDisk: z.nullish(z.array(wireDisk())) })),
  });

/** A field that is not set comes as an empty text or 0, or is left out. */
const toDisk = ({ Category, PerformanceLevel, Size }: WireDisk): TemplateDisk => ({
  ...(Category && { Category }),
  ...(PerformanceLevel && { PerformanceLevel }),
  ...(Size && { Size }),
});

function toDisks(data: unknown): TemplateDisks | undefined {
  const read = wireDisks().safeParse(data);
  if (!read.success) return undefined;
  const { SystemDisk, DataDisks } = read.data;
  return { system: toDisk(SystemDisk ?? {}), data: (DataDisks?.DataDisk ?? []).map(toDisk) };
}

const versionsAnswer = () =>
  z.looseObject({
    LaunchTemplateVersionSets: z.looseObject({
      LaunchTemplateVersionSet: z.array(
        z.looseObject({
          VersionNumber: z.number(),
          VersionDescription: word(),
          DefaultVersion: z.optional(z.boolean()),
          LaunchTemplateData: z.optional(z.record(z.string(), z.unknown())),
        }),
      ),
    }),
    TotalCount: z.optional(z.number()),
  });

/** Versions of a template: all of them, or the ones asked for. */
export async function describeTemplateVersions(
  client: CloudClient,
  template: TemplateName,
  versions: readonly number[] | "default" = [],
  region?: string,
): Promise<TemplateVersion[]> {
  const action = "DescribeLaunchTemplateVersions";
  const which = "id" in template ? { LaunchTemplateId: template.id } : { LaunchTemplateName: template.name };
  const chosen =
    versions === "default"
      ? { DefaultVersion: true }
      : versions.length > 0
        ? { LaunchTemplateVersion: versions }
        : {};
  const wire = await byNumber(action, 50, async (PageNumber) => {
    const params = { ...which, ...chosen, PageNumber, PageSize: 50 };
    const page = await send(
      client,
      { action: DescribeLaunchTemplateVersions, params, region },
      versionsAnswer,
    );
    const items = page.LaunchTemplateVersionSets.LaunchTemplateVersionSet;
    return { items, total: page.TotalCount ?? Number.POSITIVE_INFINITY };
  });
  return wire.map(({ VersionNumber, VersionDescription, DefaultVersion, LaunchTemplateData }) => ({
    version: VersionNumber,
    description: VersionDescription ?? "",
    isDefault: DefaultVersion ?? false,
    data: LaunchTemplateData,
    disks: toDisks(LaunchTemplateData),
  }));
}
