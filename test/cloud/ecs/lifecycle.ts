/**
 * Instances in time: Pending → Starting → Running → Stopping → Stopped → Starting …, then gone.
 *
 * LIFECYCLE-1. Every change of status starts a new `turn`; what was due for an older turn is void.
 * LIFECYCLE-2. Starting, stopping or losing an instance breaks the snapshots that are being made of its disks.
 * LIFECYCLE-3. Stopped economically, an instance gives back its stock and its public address; its private one stays.
 * LIFECYCLE-4. A released instance is simply absent: there is no status for it.
 */
import { toMinute } from "./instant.ts";
import { freshPublicIp } from "./network.ts";
import type { Instance, InstanceStatus } from "./records.ts";
import type { World } from "./world.ts";

/** A spot instance gets its notice five minutes before it is reclaimed. Source: spot instances, interruption. */
const SPOT_NOTICE_MS = 5 * 60_000;

export interface StopOptions {
  readonly stoppedMode: "KeepCharging" | "StopCharging";
  readonly force: boolean;
}

export class Lifecycle {
  readonly #world: World;
  /** Minute → instances to release then: one due event for all of them. */
  readonly #releases = new Map<number, Set<string>>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Takes fresh instances of one launch through Pending; those with `autoStart` go on to Running. */
  launch(instances: readonly Instance[]): void {
    this.#later(instances, this.#world.delays.pendingMs, "created", (alive) => {
      for (const instance of alive) this.#shift(instance, instance.autoStart ? "Starting" : "Stopped");
      this.#boot(alive.filter((instance) => instance.autoStart));
    });
  }

  start(instance: Instance): void {
    this.#world.imaging.breakSnapshots(instance);
    if (!instance.holdsStock) {
      this.#world.takeStock(instance.type.id, instance.zoneId, 1);
      instance.holdsStock = true;
      // A new address on every start: the old one went back to the pool (LIFECYCLE-3).
      if (instance.bandwidthOut > 0) instance.publicIp = freshPublicIp(this.#world.kernel);
    }
    instance.stoppedMode = "Not-applicable";
    this.#shift(instance, "Starting");
    this.#boot([instance]);
  }

  stop(instance: Instance, options: StopOptions): void {
    this.#world.imaging.breakSnapshots(instance);
    this.#down(instance, "Stopping");
    const { stoppingMs, forceStoppingMs } = this.#world.delays;
    this.#later([instance], options.force ? forceStoppingMs : stoppingMs, "stopped", () => {
      this.#shift(instance, "Stopped");
      this.#settleBill(instance, options.stoppedMode);
    });
  }

  /** The status shown is Starting, then Running. */
  reboot(instance: Instance): void {
    this.#world.imaging.breakSnapshots(instance);
    this.#down(instance, "Starting");
    this.#later([instance], this.#world.delays.rebootMs, "rebooted", () => this.#up(instance));
  }

  /** Releases an instance after a moment, whatever its status. */
  release(instance: Instance): void {
    this.#world.imaging.breakSnapshots(instance);
    if (instance.status === "Running") this.#down(instance, "Stopping");
    else this.#shift(instance, instance.status);
    this.#later([instance], this.#world.delays.releasingMs, "released", () => this.remove(instance));
  }

  /** Takes an instance and its own disks out of the world at once. */
  remove(instance: Instance): void {
    const { instances, disks, tags, vSwitches, imageUsers } = this.#world;
    instance.turn++;
    this.#closeRun(instance);
    this.#world.assistant.shutDown(instance);
    instance.guest = undefined;
    instances.delete(instance.instanceId);
    if (instance.holdsStock) this.#world.takeStock(instance.type.id, instance.zoneId, -1);
    const place = vSwitches.get(instance.vSwitchId) ?? this.#world.classicZones.get(instance.zoneId);
    place?.taken.delete(instance.privateIp);
    const eip = this.#world.eipOf(instance.instanceId);
    if (eip !== undefined) Object.assign(eip, { instanceId: undefined, status: "Available" });
    imageUsers.get(`${instance.regionId}:${instance.imageId}`)?.delete(instance.instanceId);
    tags.remove("instance", instance.instanceId);
    tags.remove("eni", instance.eniId);
    for (const diskId of instance.diskIds) {
      const disk = disks.get(diskId);
      if (disk?.deleteWithInstance) {
        disks.delete(diskId);
        tags.remove("disk", diskId);
      } else if (disk !== undefined) {
        Object.assign(disk, { instanceId: undefined, attachedAt: undefined, status: "Available" });
      }
    }
  }

  vanish(instanceId: string): void {
    const instance = this.#world.mustHave(instanceId);
    this.#world.imaging.breakSnapshots(instance);
    this.#note(instance, "SystemFailure.Delete", "the instance could not be created");
    this.remove(instance);
  }

  reclaim(instance: Instance): void {
    instance.locks.push({ reason: "Recycling", message: "" });
    this.#note(instance, "InstanceExpiration.SpotInterruption", "spot capacity is taken back");
    this.#world.kernel.time.after(SPOT_NOTICE_MS, { label: `reclaim ${instance.instanceId}` }, () => {
      if (this.#world.instances.get(instance.instanceId) !== instance) return;
      instance.locks = instance.locks.filter((lock) => lock.reason !== "Recycling");
      if (instance.spot.behavior === "Terminate") this.remove(instance);
      else if (instance.status === "Running")
        this.stop(instance, { stoppedMode: "StopCharging", force: true });
    });
  }

  /** Sets, moves or (with undefined) cancels the automatic release. It passes deletion protection by. */
  releaseAt(instance: Instance, at: number | undefined): void {
    if (instance.autoReleaseAt !== undefined)
      this.#releases.get(instance.autoReleaseAt)?.delete(instance.instanceId);
    instance.autoReleaseAt = at;
    if (at === undefined) return;
    const due = this.#releases.get(at);
    if (due !== undefined) {
      due.add(instance.instanceId);
      return;
    }
    this.#releases.set(at, new Set([instance.instanceId]));
    this.#world.kernel.time.schedule(
      at,
      { label: `auto release at ${toMinute(at)}`, background: true },
      () => {
        for (const id of this.#releases.get(at) ?? []) {
          const gone = this.#world.instances.get(id);
          if (gone !== undefined) this.release(gone);
        }
        this.#releases.delete(at);
      },
    );
  }

  /** The system inside switched itself off: economical mode does not apply. */
  powerOff(instance: Instance): void {
    if (instance.status === "Running") this.stop(instance, { stoppedMode: "KeepCharging", force: true });
  }

  #boot(instances: readonly Instance[]): void {
    if (instances.length === 0) return;
    this.#later(instances, this.#world.delays.startingMs, "running", (alive) => {
      for (const instance of alive) this.#up(instance);
    });
  }

  #up(instance: Instance): void {
    this.#shift(instance, "Running");
    const now = this.#world.now();
    instance.startedAt = now;
    instance.runs.push({ from: now, to: undefined });
    instance.bootCount++;
    for (const diskId of instance.diskIds) {
      const disk = this.#world.disks.get(diskId);
      if (disk?.condition === "invalid") disk.condition = undefined;
    }
    this.#world.assistant.boot(instance);
  }

  #down(instance: Instance, status: InstanceStatus): void {
    this.#closeRun(instance);
    this.#shift(instance, status);
    this.#world.assistant.shutDown(instance);
    instance.guest = undefined;
  }

  #closeRun(instance: Instance): void {
    const run = instance.runs.at(-1);
    if (run !== undefined) run.to ??= this.#world.now();
  }

  /** Subscription and local disks keep billing, silently. Source: StopInstance, economical mode. */
  #settleBill(instance: Instance, mode: "KeepCharging" | "StopCharging"): void {
    const economical =
      mode === "StopCharging" && instance.chargeType === "PostPaid" && !instance.type.localDisks;
    instance.stoppedMode = economical ? "StopCharging" : "KeepCharging";
    if (!economical) return;
    this.#world.takeStock(instance.type.id, instance.zoneId, -1);
    instance.holdsStock = false;
    instance.publicIp = undefined;
  }

  #note(instance: Instance, type: string, reason: string): void {
    this.#world.events.push({
      eventId: this.#world.kernel.id("e-"),
      regionId: instance.regionId,
      instanceId: instance.instanceId,
      type,
      at: this.#world.now(),
      reason,
    });
  }

  #shift(instance: Instance, status: InstanceStatus): void {
    instance.status = status;
    instance.turn++;
  }

  /** One due event for a group; only those still in the same turn are handed on (LIFECYCLE-1). */
  #later(
    instances: readonly Instance[],
    delayMs: number,
    label: string,
    run: (alive: readonly Instance[]) => void,
  ): void {
    const turns = instances.map((instance) => instance.turn);
    const whose = instances.length === 1 ? instances[0]!.instanceId : `${instances.length} instances`;
    this.#world.kernel.time.after(delayMs, { label: `${whose} ${label}` }, () => {
      const alive = instances.filter((instance, index) => instance.turn === turns[index]);
      if (alive.length > 0) run(alive);
    });
  }
}
