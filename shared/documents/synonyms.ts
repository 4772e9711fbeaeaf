/** Words of other tools, and of other fields here, for the words that documents use. */
import { nearest } from "./spelling.ts";

/** The first of the words that is known at a place is meant. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  aarch64: ["arm64"],
  amd64: ["x86_64"],
  arch: ["architecture"],
  bandwidth: ["internetMbps", "InternetMaxBandwidthOut"],
  base: ["source", "family"],
  baseimage: ["family", "source"],
  build: ["provision"],
  channels: ["notify"],
  chargetype: ["InstanceChargeType"],
  cmd: ["run", "commands"],
  command: ["run", "commands"],
  commands: ["provision"],
  cooldown: ["grace"],
  count: ["max", "limits"],
  cpu: ["cpuAverage"],
  cpuutilization: ["cpuAverage"],
  cwd: ["workingDir"],
  desc: ["description"],
  dir: ["workingDir"],
  disk: ["systemDisk", "SystemDisk", "dataDisks", "DataDisk"],
  disks: ["dataDisks", "DataDisk"],
  env: ["environment"],
  envs: ["environment"],
  environmentvariables: ["environment"],
  expires: ["expireAfter"],
  flavor: ["instanceTypes", "InstanceType"],
  group: ["securityGroupId", "SecurityGroupId"],
  hostname: ["HostName"],
  imagefamily: ["family"],
  keyname: ["KeyPairName"],
  keypair: ["KeyPairName"],
  labels: ["tags", "Tag"],
  lifetime: ["expireAfter"],
  machinetype: ["instanceTypes", "InstanceType"],
  maxcount: ["max"],
  maximum: ["max"],
  maxsize: ["max"],
  min: ["keepRunning"],
  minsize: ["keepRunning"],
  name: ["channel"],
  notification: ["notify"],
  notifications: ["notify"],
  on: ["events"],
  password: ["passwordFromEnv"],
  payment: ["ladder"],
  provisioners: ["provision"],
  replicas: ["max", "limits"],
  role: ["ramRole", "RamRoleName"],
  script: ["run", "provision"],
  scripts: ["provision"],
  secgroup: ["securityGroupId", "SecurityGroupId"],
  sg: ["securityGroupId", "SecurityGroupId"],
  size: ["sizeGb", "Size"],
  sleep: ["idle"],
  steps: ["provision", "commands"],
  stop: ["idle"],
  subnet: ["vSwitchIds", "VSwitchId"],
  subnetid: ["vSwitchIds", "VSwitchId"],
  tag: ["tags"],
  tasks: ["provision"],
  tests: ["test"],
  timezone: ["timeZone"],
  ttl: ["expireAfter"],
  type: ["instanceTypes", "InstanceType", "category"],
  types: ["instanceTypes", "InstanceType"],
  tz: ["timeZone"],
  username: ["user"],
  variables: ["environment"],
  vars: ["environment"],
  vswitch: ["vSwitchIds", "VSwitchId"],
  workdir: ["workingDir"],
  workingdirectory: ["workingDir"],
  x64: ["x86_64"],
};

/** The known word that a writer means: another tool's word for it, or a slip of the fingers. */
export function meantBy(word: string, known: readonly string[]): string | undefined {
  const plain = word.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const same = Object.hasOwn(SYNONYMS, plain)
    ? SYNONYMS[plain]?.find((one) => known.includes(one))
    : undefined;
  // A word in another style is nearer than another tool's word.
  const near = nearest(word, known);
  return near !== undefined && near.toLowerCase().replaceAll(/[^a-z0-9]/g, "") === plain
    ? near
    : (same ?? near);
}
