/** An environment variable of scale-out, by the name a fleet gives it. */
export const readVariable = (name: string): string | undefined => process.env[name];
