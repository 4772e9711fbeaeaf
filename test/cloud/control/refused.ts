/** A request to the control that is not carried out: the status, and what is right instead. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** `value` when it is one of `known`. @throws Refused 404 that lists them, or says where they are listed */
export function mustBeOneOf(what: string, value: string, known: Iterable<string>, listed?: string): string {
  const names = [...known];
  if (names.includes(value)) return value;
  throw new Refused(404, `there is no ${what} ${value}; ${listed ?? `there are ${names.join(", ")}`}`);
}
