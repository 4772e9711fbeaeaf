/** The rule for passwords of instances (RunInstances.Password); documents never hold one, functions read it. */

const SPECIAL = /[()`~!@#$%^&*\-_+=|{}[\]:;'"<>,.?/\\]/;
const CLASSES = [/[A-Z]/, /[a-z]/, /[0-9]/, SPECIAL];

/** The problem of a password, without quoting it, or undefined. */
export function passwordProblem(password: string, os: "linux" | "windows"): string | undefined {
  if (password.length < 8 || password.length > 30)
    return `must be 8 to 30 characters, has ${password.length}`;
  if (/[^A-Za-z0-9()`~!@#$%^&*\-_+=|{}[\]:;'"<>,.?/\\]/.test(password)) {
    return "must hold only letters, digits and ()`~!@#$%^&*-_+=|{}[]:;'\"<>,.?/";
  }
  const classes = CLASSES.filter((kind) => kind.test(password)).length;
  if (classes < 3) {
    return `must have three of upper-case letters, lower-case letters, digits and special characters, has ${classes}`;
  }
  return os === "windows" && password.startsWith("/") ? "must not start with / on Windows" : undefined;
}
