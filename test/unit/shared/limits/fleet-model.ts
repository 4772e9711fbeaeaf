/** A fleet whose limits are asked by several runs at once, and whose lists are delayed. */
import { days } from "../../../../shared/duration.ts";
import {
  reserve,
  type Limits,
  type Member,
  type ReservationRequest,
} from "../../../../shared/limits/reservation.ts";
import {
  closed,
  withReservation,
  type Reservation,
  type Reservations,
} from "../../../../shared/limits/stored-reservation.ts";

/** The price of each instance. */
const PRICE = 1.5;

export type Change =
  | { readonly kind: "launch"; readonly count: number }
  /** Only wakes are requested. */
  | { readonly kind: "resume"; readonly count: number }
  /** A run ends, and so many of its launches were seen. */
  | { readonly kind: "end"; readonly which: number; readonly seen: number }
  /** All but `woke` of a run's wakes fail, and it requests replacements in a second round. */
  | { readonly kind: "replace"; readonly which: number; readonly count: number; readonly woke: number }
  /** So many are stopped; with an older image, or with the current one. */
  | { readonly kind: "stop"; readonly count: number; readonly wakeable: boolean }
  | { readonly kind: "pass"; readonly ms: number };

interface Launched {
  readonly run: string;
  readonly at: number;
  count: number;
}

export class FleetModel {
  #reservations: Reservations = { v: 2, grants: [] };
  #now = Date.UTC(2026, 0, 5, 8);
  #members: Member[] = [];
  readonly #launched: Launched[] = [];
  readonly #limits: Limits;
  readonly #toss: () => boolean;

  constructor(limits: Limits, toss: () => boolean) {
    this.#limits = limits;
    this.#toss = toss;
  }

  change(change: Change): void {
    if (change.kind === "pass") this.#now += change.ms;
    if (change.kind === "stop") this.#stop(change.count, change.wakeable);
    if (change.kind === "launch") this.#request({ ...this.#newRun(), count: change.count });
    if (change.kind === "resume") this.#request({ ...this.#newRun(), count: change.count, wakeOnly: true });
    if (change.kind === "end" || change.kind === "replace") {
      const open = this.#open();
      const chosen = open[change.which % (open.length || 1)];
      if (chosen && change.kind === "end") this.#end(chosen, change.seen);
      if (chosen && change.kind === "replace") this.#replace(chosen, change.count, change.woke);
    }
  }

  totals() {
    const running = this.#members.filter(({ stopped }) => !stopped).length;
    return { running, all: this.#members.length, cost: running * PRICE };
  }

  launchedWithin(ms: number): number {
    const recent = this.#launched.filter(({ at }) => at > this.#now - ms);
    return recent.reduce((total, { count }) => total + count, 0);
  }

  #newRun() {
    return { run: `run-${this.#launched.length}`, round: 0 };
  }

  /** After a day every list is complete (RESERVE-4). */
  #open(): Reservation[] {
    return this.#reservations.grants.filter(({ open, at }) => open && at > this.#now - days(1));
  }

  #isOver({ run }: Member): boolean {
    return this.#open().every((each) => each.run !== run);
  }

  #update(ids: readonly string[], change: Partial<Member>): void {
    this.#members = this.#members.map((one) => (ids.includes(one.id) ? { ...one, ...change } : one));
  }

  #stop(count: number, wakeable: boolean): void {
    const waking = this.#waking();
    const idle = this.#members.filter((one) => !one.stopped && !waking.has(one.id) && this.#isOver(one));
    const ids = idle.slice(0, count).map(({ id }) => id);
    this.#update(ids, { stopped: true, wakeable });
  }

  #waking(): Set<string> {
    return new Set(this.#open().flatMap(({ wakes }) => wakes));
  }

  #replace({ run, launches, wakes }: Reservation, count: number, woke: number): void {
    // Those that do not wake stay stopped; other runs may wake them.
    this.#update(wakes.slice(woke), { stopped: true, wakeable: true });
    this.#request({ run, round: launches.length, count, woke: wakes.slice(0, woke) });
  }

  #request(request: ReservationRequest): void {
    const { run, round } = request;
    const state = {
      reservations: this.#reservations,
      members: this.#list(),
      limits: this.#limits,
      now: this.#now,
    };
    const reservation = reserve({ ...request, price: PRICE }, state);
    this.#reservations = withReservation(this.#reservations, reservation, this.#now);
    this.#update(reservation.wakes, { stopped: false, wakeable: false });
    const count = reservation.launches.at(-1) ?? 0;
    const launched = Array.from({ length: count }, (_, n) => ({
      id: `${run}-${round}-${n}`,
      run,
      stopped: false,
      prepaid: false,
      wakeable: false,
      price: PRICE,
    }));
    this.#members.push(...launched);
    this.#launched.push({ run, at: this.#now, count });
  }

  /** A delayed list: any part of what open runs launched, and their wakes running or stopped. */
  #list(): Member[] {
    const waking = this.#waking();
    const seen = this.#members.filter((one) => this.#isOver(one) || this.#toss());
    return seen.map((one) => (waking.has(one.id) ? { ...one, stopped: this.#toss() } : one));
  }

  #end(reservation: Reservation, most: number): void {
    const { run } = reservation;
    const all = this.#members.filter((one) => one.run === run);
    const seen = all.slice(0, most);
    const lost = new Set(all.slice(seen.length));
    this.#members = this.#members.filter((one) => !lost.has(one));
    this.#reservations = withReservation(this.#reservations, closed(reservation, seen.length), this.#now);
    // The earliest launches are those that were seen.
    let left = seen.length;
    for (const each of this.#launched.filter((one) => one.run === run)) {
      each.count = Math.min(each.count, left);
      left -= each.count;
    }
  }
}
