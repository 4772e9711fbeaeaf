/**
 * The state of one account's ECS as plain data. console.ts is the part of it that tests see.
 *
 * WORLD-1. Everything is keyed by id and kept in the order of creation; the same calls give the same world.
 * WORLD-2. Time passes only through `kernel.time`; a due event of an older `turn` of an instance does nothing.
 */
import type { Kernel } from "../core/kernel.ts";
import { usualDelays } from "./delays.ts";
import { Assistant } from "./assistant.ts";
import { Imaging } from "./imaging.ts";
import { Lifecycle } from "./lifecycle.ts";
import { profileOf, type LoadProfile, type LoadRule, type LoadSpan } from "../core/load.ts";
import type {
  Disk,
  Eip,
  Image,
  ImagePipeline,
  Instance,
  InstanceType,
  LaunchTemplate,
  SecurityGroup,
  Snapshot,
  SystemEvent,
  Task,
  Vpc,
  VSwitch,
} from "./records.ts";
import { ReadModel } from "./read-model.ts";
import { seedWorld } from "./seed.ts";
import { TagBook } from "./tag-book.ts";

export interface Region {
  readonly regionId: string;
  readonly localName: string;
  readonly zones: readonly string[];
}

/** A command that a machine could not run. */
export interface Unsupported {
  readonly at: number;
  readonly instanceId: string;
  readonly command: string;
}

/** Why nothing can be launched in a zone: it sells nothing now, this account may not, or no VPC takes instances there. */
export type ZoneClosing = "not on sale" | "not allowed" | "no VPC";

export class World {
  readonly kernel: Kernel;
  readonly delays = usualDelays();
  readonly regions = new Map<string, Region>();
  readonly types = new Map<string, InstanceType>();
  readonly vpcs = new Map<string, Vpc>();
  readonly vSwitches = new Map<string, VSwitch>();
  /** Zone → where its instances of the classic network are. */
  readonly classicZones = new Map<string, VSwitch>();
  readonly eips = new Map<string, Eip>();
  readonly securityGroups = new Map<string, SecurityGroup>();
  readonly keyPairs = new Map<string, string>();
  readonly instances = new Map<string, Instance>();
  readonly disks = new Map<string, Disk>();
  readonly snapshots = new Map<string, Snapshot>();
  /** Keyed by `<region>:<image id>`, because a public image has one id in every region. */
  readonly images = new Map<string, Image>();
  readonly tasks = new Map<string, Task>();
  readonly pipelines = new Map<string, ImagePipeline>();
  readonly templates = new Map<string, LaunchTemplate>();
  readonly events: SystemEvent[] = [];
  readonly tags = new TagBook();
  /** Commands of machines that are not simulated, in the order they were met. */
  readonly unsupported: Unsupported[] = [];
  readonly quotas = {
    images: 1000,
    snapshotsPerDisk: 256,
    vcpus: Number.POSITIVE_INFINITY,
    launchesPerMinute: 5000,
    concurrentCopies: 5,
  };
  /** CNY. Below zero the account is in arrears; below `minimum` nothing pay-as-you-go can be bought. */
  readonly account = {
    balance: 10_000,
    minimum: 100,
    economicalMode: false,
    mayImport: true,
    /** Whether a way to pay is registered. */
    paymentMethod: true,
    /** Whether it is one of the accounts that kept the classic network. */
    classicNetwork: false,
    snapshotService: true,
    /** Whether a snapshot of a data disk may become a system disk. */
    dataSnapshotImages: true,
    /** Whether a system disk that is encrypted may become an image. */
    encryptedImages: true,
  };
  /** Beside the default one. */
  readonly resourceGroups = new Set<string>();
  /** The market price of spot capacity as a share of the list price. */
  spotPriceShare = 0.3;
  /** Zones in which nothing can be launched, and why (`ZoneClosing`). */
  readonly closedZones = new Map<string, ZoneClosing>();
  /** Disks a zone does not sell at the moment, as `diskInZone` names them. */
  readonly closedDisks = new Set<string>();
  /** How many instances were ever created. */
  launched = 0;
  /** Instances created in the current minute. */
  readonly launchWindow = { minute: 0, count: 0 };

  readonly life: Lifecycle;
  readonly imaging: Imaging;
  readonly assistant: Assistant;
  /** `<region>:<image id>` → live instances made of it. */
  readonly imageUsers = new Map<string, Set<string>>();
  readonly #stock = new Map<string, number>();
  readonly #loads: (LoadRule & { readonly match: (instance: Instance) => boolean })[] = [];
  readonly #loadById = new Map<string, readonly LoadRule[]>();
  #seq = 0;
  #readModel: ReadModel | undefined;
  #stopReadModel: () => void = () => {};

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.life = new Lifecycle(this);
    this.imaging = new Imaging(this);
    this.assistant = new Assistant(this);
    seedWorld(this);
  }

  noteUnsupported({ instanceId }: Instance, command: string): void {
    this.unsupported.push({ at: this.now(), instanceId, command });
  }

  /** What lists read: this world, or what it was a while ago. */
  get shown(): World {
    return this.#readModel?.shown() ?? this;
  }

  /** From now on lists show what was so many milliseconds ago; 0 = the truth. */
  lagLists(ms: number): void {
    if (ms === 0) {
      this.#stopReadModel();
      this.#readModel = undefined;
    } else if (this.#readModel === undefined) {
      const model = new ReadModel(this, ms);
      this.#readModel = model;
      this.#stopReadModel = this.kernel.time.onPass(() => model.observe());
    } else {
      this.#readModel.lagMs = ms;
    }
  }

  now(): number {
    return this.kernel.time.now();
  }

  nextSeq(): number {
    return ++this.#seq;
  }

  /** vCPUs of the instances that are paid for while they exist. */
  vcpusInUse(): number {
    let used = 0;
    for (const { holdsStock, type } of this.instances.values()) if (holdsStock) used += type.cpu;
    return used;
  }

  /** The elastic address of an instance. */
  eipOf(instanceId: string): Eip | undefined {
    return [...this.eips.values()].find((eip) => eip.instanceId === instanceId);
  }

  image(regionId: string, imageId: string): Image | undefined {
    return this.images.get(`${regionId}:${imageId}`);
  }

  /** Notes that an instance now runs on an image, and on no other. */
  useImage(instance: Instance, imageId: string): void {
    this.imageUsers.get(`${instance.regionId}:${instance.imageId}`)?.delete(instance.instanceId);
    instance.imageId = imageId;
    const key = `${instance.regionId}:${imageId}`;
    const users = this.imageUsers.get(key) ?? new Set();
    this.imageUsers.set(key, users.add(instance.instanceId));
  }

  addImage(image: Image): void {
    this.images.set(`${image.regionId}:${image.imageId}`, image);
  }

  /** Sets what is left of a type in a zone; null is unlimited, which is also the default. */
  stock(instanceType: string, zoneId: string, quantity: number | null): void {
    if (quantity === null) this.#stock.delete(`${instanceType} ${zoneId}`);
    else this.#stock.set(`${instanceType} ${zoneId}`, quantity);
  }

  /** What is left; Infinity when unlimited. */
  stockLeft(instanceType: string, zoneId: string): number {
    return this.#stock.get(`${instanceType} ${zoneId}`) ?? Number.POSITIVE_INFINITY;
  }

  /** Takes from stock, or gives back with a negative count. */
  takeStock(instanceType: string, zoneId: string, count: number): void {
    const left = this.#stock.get(`${instanceType} ${zoneId}`);
    if (left !== undefined) this.#stock.set(`${instanceType} ${zoneId}`, left - count);
  }

  /** Adds a rule for the load of one id, or of every instance that a predicate picks (console.ts). */
  load(
    whose: string | ((instance: Instance) => boolean),
    profile: LoadProfile,
    { fromAt = Number.NEGATIVE_INFINITY, toAt = Number.POSITIVE_INFINITY }: LoadSpan = {},
  ): void {
    const rule = { profile, fromAt, toAt };
    if (typeof whose === "string") this.#loadById.set(whose, [rule, ...(this.#loadById.get(whose) ?? [])]);
    else this.#loads.unshift({ match: whose, ...rule });
  }

  loadOf(instance: Instance): LoadProfile {
    const general = this.#loads.filter((rule) => rule.match(instance));
    return profileOf([...(this.#loadById.get(instance.instanceId) ?? []), ...general]);
  }

  /** @throws Error when a test names an instance that is not there. */
  mustHave(instanceId: string): Instance {
    const instance = this.instances.get(instanceId);
    if (instance === undefined) throw new Error(`there is no instance ${instanceId} in this world`);
    return instance;
  }
}
