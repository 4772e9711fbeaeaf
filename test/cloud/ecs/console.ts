/**
 * The account's ECS as a test or a demo sees and changes it, like an operator at the console.
 *
 * CONSOLE-1. State is read as plain data. It changes only through the methods here and through API calls.
 * CONSOLE-2. A method does what the cloud, a machine or an operator does outside of the API that is under test.
 */
import type { LoadProfile, LoadSpan } from "../core/load.ts";
import { classicPlace, openClassicNetwork } from "./classic.ts";
import type { Command, Invocation } from "./assistant-records.ts";
import type { Category } from "./disk-offers.ts";
import { diskInZone } from "./disk-offers.ts";
import type { Delays } from "./delays.ts";
import { progressOf } from "./image-view.ts";
import { typeOf } from "./instance-types.ts";
import { publishImage, type PublicImage } from "./public-images.ts";
import type {
  DetectedItem,
  Disk,
  Image,
  Instance,
  InstanceType,
  LaunchTemplate,
  Snapshot,
  Task,
} from "./records.ts";
import type { TagBook } from "./tag-book.ts";
import type { Region, Unsupported, World, ZoneClosing } from "./world.ts";

export class Console {
  readonly regions: ReadonlyMap<string, Region>;
  readonly types: ReadonlyMap<string, InstanceType>;
  readonly instances: ReadonlyMap<string, Readonly<Instance>>;
  readonly disks: ReadonlyMap<string, Readonly<Disk>>;
  readonly snapshots: ReadonlyMap<string, Readonly<Snapshot>>;
  /** Keyed by `<region>:<image id>`, because a public image has one id in every region. */
  readonly images: ReadonlyMap<string, Readonly<Image>>;
  readonly tasks: ReadonlyMap<string, Readonly<Task>>;
  readonly templates: ReadonlyMap<string, Readonly<LaunchTemplate>>;
  readonly tags: Pick<TagBook, "of" | "has" | "count">;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
    this.regions = world.regions;
    this.types = world.types;
    this.instances = world.instances;
    this.disks = world.disks;
    this.snapshots = world.snapshots;
    this.images = world.images;
    this.tasks = world.tasks;
    this.templates = world.templates;
    this.tags = world.tags;
  }

  /** CNY. */
  get balance(): number {
    return this.#world.account.balance;
  }

  /** How many instances were ever created. */
  get launched(): number {
    return this.#world.launched;
  }

  /** Commands that Cloud Assistant has sent to instances, oldest first. */
  get invocations(): readonly Readonly<Invocation & Pick<Command, "type">>[] {
    return [...this.#world.assistant.invocations.values()];
  }

  /** Commands that machines do not simulate: such a command proves nothing. */
  get unsupported(): readonly Unsupported[] {
    return this.#world.unsupported;
  }

  /** @throws Error when there is no such instance. */
  mustHave(instanceId: string): Readonly<Instance> {
    return this.#world.mustHave(instanceId);
  }

  image(regionId: string, imageId: string): Readonly<Image> | undefined {
    return this.#world.image(regionId, imageId);
  }

  /** The newest available image of a family. */
  served(regionId: string, family: string): Readonly<Image> | undefined {
    return this.#world.imaging.newestOf(regionId, family);
  }

  /** Progress of an image that is being created, such as `40%`. */
  progressOf(image: Readonly<Image>): string {
    return progressOf(this.#world, image);
  }

  /** What is left of a type in a zone; Infinity when unlimited. */
  stockLeft(instanceType: string, zoneId: string): number {
    return this.#world.stockLeft(instanceType, zoneId);
  }

  /** How long the cloud takes for things, in milliseconds. */
  delays(changes: Partial<Delays>): void {
    Object.assign(this.#world.delays, changes);
  }

  quotas(changes: Partial<World["quotas"]>): void {
    Object.assign(this.#world.quotas, changes);
  }

  /** Account settings and the balance, CNY. Below zero the account is in arrears. */
  account(changes: Partial<World["account"]>): void {
    Object.assign(this.#world.account, changes);
  }

  /**
   * From now on lists show instances, disks, images, snapshots and tags as they were so many milliseconds ago; 0, the
   * default, is the truth. Every other call acts on the truth (read-model.ts).
   */
  lag(ms: number): void {
    this.#world.lagLists(ms);
  }

  /** Sets what is left of a type in a zone; null is unlimited, which is also the default. */
  stock(instanceType: string, zoneId: string, quantity: number | null): void {
    this.#world.stock(instanceType, zoneId, quantity);
  }

  /** From now on nothing can be launched in a zone; null opens it again. */
  closeZone(zoneId: string, why: ZoneClosing | null): void {
    if (why === null) this.#world.closedZones.delete(zoneId);
    else this.#world.closedZones.set(zoneId, why);
  }

  /** A zone stops selling a disk category. */
  closeDisk(category: Category, zoneId: string): void {
    this.#world.closedDisks.add(diskInZone(category, zoneId));
  }

  /** A further vSwitch with free addresses in the VPC of an existing one. */
  addVSwitch(
    like: string,
    vSwitch: { readonly vSwitchId: string; readonly zoneId: string; readonly cidr: string },
  ): void {
    const model = this.#world.vSwitches.get(like);
    if (model === undefined) throw new Error(`there is no vSwitch ${like}`);
    this.#world.vSwitches.set(vSwitch.vSwitchId, { ...model, ...vSwitch, taken: new Set() });
  }

  /** An image of this id has one data disk more. */
  addDataDisk(imageId: string, disk: { readonly device: string; readonly sizeGb: number }): void {
    for (const image of this.#imagesWith(imageId)) {
      const [system] = image.disks;
      if (system === undefined) throw new Error(`image ${imageId} has no disk`);
      this.#world.addImage({ ...image, disks: [...image.disks, { ...system, type: "data", ...disk }] });
    }
  }

  /** Something happens to a disk or a snapshot that no call of the API does. */
  changeDisk(diskId: string, changes: Partial<Pick<Disk, "category" | "condition">>): void {
    Object.assign(must(this.#world.disks, diskId), changes);
  }

  changeSnapshot(
    snapshotId: string,
    changes: Partial<Pick<Snapshot, "category" | "createdAt" | "isFromMarketplace">>,
  ): void {
    Object.assign(must(this.#world.snapshots, snapshotId), changes);
  }

  /** The account is one of those that kept the classic network. */
  openClassicNetwork(): void {
    openClassicNetwork(this.#world);
  }

  addResourceGroup(id: string): void {
    this.#world.resourceGroups.add(id);
  }

  /** Other tenants take every free address of a vSwitch. */
  fillVSwitch(vSwitchId: string): void {
    const vSwitch = this.#world.vSwitches.get(vSwitchId);
    if (vSwitch === undefined) throw new Error(`there is no vSwitch ${vSwitchId}`);
    this.#world.vSwitches.set(vSwitchId, { ...vSwitch, cidr: vSwitch.cidr.replace(/\/\d+$/, "/30") });
  }

  /** The VLAN of a zone of the classic network has no free address. */
  fillVlan(zoneId: string): void {
    const place = classicPlace(this.#world, this.#world.kernel.region, zoneId);
    this.#world.classicZones.set(zoneId, { ...place, cidr: "10.160.0.0/30" });
  }

  /**
   * The load of instances per minute, in a span or always: of one id, or of every instance that a predicate picks.
   * Ids go before predicates, newer rules before older ones. The profile must be pure: CloudMonitor may ask for
   * the same minute twice. It returns undefined for a gap.
   */
  load(
    whose: string | ((instance: Readonly<Instance>) => boolean),
    profile: LoadProfile,
    span: LoadSpan = {},
  ): void {
    this.#world.load(whose, profile, span);
  }

  /** The region sells a further type, of the size and price of an existing one. */
  addType(id: string, like: string): void {
    const { cpu, memoryGb, hourlyPrice } = must(this.#world.types, like);
    this.#world.types.set(id, typeOf(id, { cpu, memoryGb, hourlyPrice }));
  }

  /** The cloud publishes a new base image under a family, in one region or everywhere. */
  publishImage(family: string, image: PublicImage): void {
    publishImage(this.#world, family, image);
  }

  /** The next CreateImage or ImportImage ends in CreateFailed; answers a way to take it back. */
  failNextImage(reason: string): () => void {
    return this.#world.imaging.failNext(reason);
  }

  /** The cloud's own check of the next image that asks for it finds a risk. */
  riskNextImage(risk: DetectedItem): void {
    this.#world.imaging.riskNext(risk);
  }

  /** The next copy into a region ends in CreateFailed; answers a way to take it back. */
  failNextCopy(regionId: string, reason: string): () => void {
    return this.#world.imaging.failNextCopy(regionId, reason);
  }

  /** The owner deprecates an image in every region. */
  deprecateImage(imageId: string): void {
    for (const image of this.#imagesWith(imageId)) image.status = "Deprecated";
  }

  /** An operator puts an image into a family, in every region. */
  joinFamily(imageId: string, family: string): void {
    for (const image of this.#imagesWith(imageId)) image.family = family;
  }

  /** An operator deletes an image in every region. */
  removeImage(imageId: string): void {
    for (const image of this.#imagesWith(imageId)) this.#world.imaging.remove(image);
  }

  /** Makes the account's own images older. Nothing else happens in that time. */
  ageImages(ms: number): void {
    for (const image of this.#world.images.values()) if (image.ownerAlias === "self") image.createdAt -= ms;
  }

  /** Makes an image a Windows image, which the simulated machines cannot create. */
  makeWindows(imageId: string): void {
    for (const image of this.#imagesWith(imageId)) image.osType = "windows";
  }

  /** Makes an instance look as if it had started `ms` ago and run since. */
  ageInstance(instanceId: string, ms: number): void {
    const instance = this.#world.mustHave(instanceId);
    const from = this.#world.now() - ms;
    instance.createdAt = from;
    instance.startedAt = from;
    instance.runs.splice(0, instance.runs.length, { from, to: undefined });
  }

  /** Makes an instance look as if it had been launched from another image. */
  useImage(instanceId: string, imageId: string): void {
    this.#world.useImage(this.#world.mustHave(instanceId), imageId);
  }

  /** Gives the type of one instance local disks: ECS goes on charging while it is stopped. */
  addLocalDisks(instanceId: string): void {
    const instance = this.#world.mustHave(instanceId);
    instance.type = { ...instance.type, localDisks: true };
  }

  /** Turns deletion protection on. */
  protect(instanceId: string): void {
    this.#world.mustHave(instanceId).deletionProtection = true;
  }

  /** The cloud locks an instance, for `security`, say. */
  lock(instanceId: string, reason: string): void {
    this.#world.mustHave(instanceId).locks.push({ reason, message: "" });
  }

  /** A launched instance disappears, with the event SystemFailure.Delete. */
  vanish(instanceId: string): void {
    this.#world.life.vanish(instanceId);
  }

  /** The cloud takes a spot instance back: a lock for five minutes, then it is released or stopped. */
  reclaim(instanceId: string): void {
    this.#world.life.reclaim(this.#world.mustHave(instanceId));
  }

  /** An operator starts an instance. */
  start(instanceId: string): void {
    this.#world.life.start(this.#world.mustHave(instanceId));
  }

  /** An operator stops an instance. */
  stop(instanceId: string, stoppedMode: "KeepCharging" | "StopCharging" = "KeepCharging"): void {
    this.#world.life.stop(this.#world.mustHave(instanceId), { stoppedMode, force: false });
  }

  /** An operator releases an instance; it is gone a moment later. */
  release(instanceId: string): void {
    this.#world.life.release(this.#world.mustHave(instanceId));
  }

  /** An instance is gone at once, without an event. */
  remove(instanceId: string): void {
    this.#world.life.remove(this.#world.mustHave(instanceId));
  }

  /** An operator tags an instance. */
  tag(instanceId: string, tags: Readonly<Record<string, string>>): void {
    const rows = Object.entries(tags).map(([key, value]) => ({ key, value }));
    this.#world.tags.put("instance", this.#world.mustHave(instanceId).instanceId, rows);
  }

  /** An operator makes a launch template with one version. */
  addTemplate(templateId: string, name: string, version = 1): void {
    const at = this.#world.now();
    const template: LaunchTemplate = {
      templateId,
      regionId: this.#world.kernel.region,
      name,
      createdAt: at,
      modifiedAt: at,
      defaultVersion: version,
      versions: [{ number: version, createdAt: at, description: "", params: {} }],
    };
    this.#world.templates.set(templateId, template);
  }

  #imagesWith(imageId: string): Image[] {
    return [...this.#world.images.values()].filter((image) => image.imageId === imageId);
  }
}

function must<T>(records: ReadonlyMap<string, T>, id: string): T {
  const record = records.get(id);
  if (record === undefined) throw new Error(`there is no ${id}`);
  return record;
}
