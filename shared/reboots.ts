/** Commands that restart the machine they run on, so that Cloud Assistant receives no end of them. Pure. */

/** How a recipe restarts an instance. */
export const REBOOT_ADVICE = "for a reboot write - reboot, or end the step with exit 194";

const REBOOT =
  /^(?:sudo +(?:-\S+ +)*)?(?:\/\S*\/)?(?:reboot(?: +(?:-\S+|now))*|shutdown(?: +\S+)* +(?:-\w*r|--reboot)(?: .*)?|systemctl(?: +-\S+)* +(?:reboot|kexec|soft-reboot)(?: .*)?|(?:tel)?init +6) *[;&]* *$/;

/** Whether a command does nothing but restart its machine. */
export const isReboot = (command: string): boolean => REBOOT.test(command.trim());
