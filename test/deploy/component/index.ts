/**
 * In the place of the fc3 component for tests, because that one is on no package registry: the same reads and writes in
 * the same order and with the same bodies as fc3 0.1.22, for the settings that a function of Kiln has. It is loaded by the
 * real deploy tool.
 *
 * https://github.com/devsapp/fc3/tree/4ca1c1b8c33e654438bb73b64cfc95a5c9d94f5a/src/subCommands
 */
import { dirname, resolve } from "node:path";
import Sdk from "@alicloud/fc20230330";
import { clientOf, type Credential, find, type Tree, upload } from "./cloud.ts";
import { packageOf } from "./code.ts";
import { known } from "../../support/known.ts";

interface TriggerProps extends Tree {
  readonly triggerName: string;
  readonly triggerType: string;
  readonly triggerConfig: Tree;
  readonly invocationRole?: string;
}

interface DomainProps {
  readonly domainName: string;
  readonly protocol: string;
  readonly certConfig?: Tree;
  readonly route: Tree;
}

interface Props extends Tree {
  readonly functionName: string;
  readonly region: string;
  readonly code: string;
  readonly role?: string;
  readonly triggers?: readonly TriggerProps[];
  readonly asyncInvokeConfig?: Tree;
  /** Empty for none. */
  readonly customDomain?: DomainProps | Readonly<Record<string, never>>;
  readonly concurrencyConfig?: { readonly reservedConcurrency: number };
}

/** The input of a component, as far as it is used. */
interface Inputs {
  readonly props: Props;
  readonly yaml: { readonly path: string };
  readonly getCredential: () => Promise<Credential>;
}

/** A setting that is not in the file is emptied in the cloud. */
const EMPTY: Tree = {
  vpcConfig: { securityGroupId: "", vSwitchIds: [], vpcId: "" },
  tracingConfig: {},
  ossMountConfig: { mountPoints: [] },
  nasConfig: { groupId: 0, userId: 0, mountPoints: [] },
  logConfig: {
    enableInstanceMetrics: false,
    enableRequestMetrics: false,
    logBeginRule: "None",
    logstore: "",
    project: "",
  },
  environmentVariables: {},
  layers: [],
  instanceIsolationMode: "SHARE",
  sessionAffinity: "NONE",
};
const FUNCTION_DEFAULTS: Tree = { internetAccess: true, description: "", memorySize: 512, timeout: 3 };
const qualifier = "LATEST";

/** ARNs of roles are sent in lower case. */
const lower = (arn: string | undefined): { role?: string } =>
  arn === undefined ? {} : { role: arn.toLowerCase() };

const triggersOf = ({ triggers = [] }: Props): Tree[] =>
  triggers.map(({ invocationRole, ...trigger }) => ({
    description: "",
    qualifier,
    ...trigger,
    ...(invocationRole !== undefined && { invocationRole: invocationRole.toLowerCase() }),
    triggerConfig: JSON.stringify(trigger.triggerConfig),
  }));

function domainIn({ customDomain }: Props): DomainProps | undefined {
  const domain = known<Partial<DomainProps>>(customDomain ?? {});
  return domain.domainName === undefined ? undefined : known<DomainProps>(domain);
}

const BESIDE = new Set([
  "region",
  "code",
  "triggers",
  "asyncInvokeConfig",
  "customDomain",
  "concurrencyConfig",
]);

/** The body of CreateFunction and UpdateFunction, without code. */
function settingsOf(props: Props): Tree {
  const local = Object.fromEntries(Object.entries(props).filter(([key]) => !BESIDE.has(key)));
  return { ...EMPTY, ...FUNCTION_DEFAULTS, ...local, ...lower(props.role) };
}

/** A function of the file and the calls about it. */
class Remote {
  readonly #client: Sdk.default;
  readonly #name: string;

  constructor(credential: Credential, { functionName }: Props) {
    this.#client = clientOf(credential);
    this.#name = functionName;
  }

  function() {
    return find(this.#client.getFunction(this.#name, new Sdk.GetFunctionRequest({})));
  }

  trigger(name: string) {
    return find(this.#client.getTrigger(this.#name, name));
  }

  asyncConfig() {
    return find(
      this.#client.getAsyncInvokeConfig(this.#name, new Sdk.GetAsyncInvokeConfigRequest({ qualifier })),
    );
  }

  concurrency() {
    return find(this.#client.getConcurrencyConfig(this.#name));
  }

  bindings() {
    return find(this.#client.listVpcBindings(this.#name));
  }

  scaling() {
    return find(this.#client.getScalingConfig(this.#name, new Sdk.GetScalingConfigRequest({ qualifier })));
  }

  async putFunction(body: Tree): Promise<void> {
    if ((await this.function()) === undefined) {
      const input = new Sdk.CreateFunctionInput(body);
      await this.#client.createFunction(new Sdk.CreateFunctionRequest({ body: input }));
      return;
    }
    const input = new Sdk.UpdateFunctionInput(body);
    await this.#client.updateFunction(this.#name, new Sdk.UpdateFunctionRequest({ body: input }));
  }

  async putTrigger(trigger: Tree): Promise<void> {
    const name = String(trigger["triggerName"]);
    if ((await this.trigger(name)) === undefined) {
      const input = new Sdk.CreateTriggerInput(trigger);
      await this.#client.createTrigger(this.#name, new Sdk.CreateTriggerRequest({ body: input }));
      return;
    }
    const input = new Sdk.UpdateTriggerInput(trigger);
    await this.#client.updateTrigger(this.#name, name, new Sdk.UpdateTriggerRequest({ body: input }));
  }

  async putAsyncConfig(config: Tree): Promise<void> {
    const body = new Sdk.PutAsyncInvokeConfigInput({ destinationConfig: {}, ...config });
    const request = new Sdk.PutAsyncInvokeConfigRequest({ body, qualifier });
    await this.#client.putAsyncInvokeConfig(this.#name, request);
  }

  async putConcurrency(reservedConcurrency: number): Promise<void> {
    const body = new Sdk.PutConcurrencyInput({ reservedConcurrency });
    await this.#client.putConcurrencyConfig(this.#name, new Sdk.PutConcurrencyConfigRequest({ body }));
  }

  /** Adds the function's route to those of others on the same domain. */
  async putDomain({ domainName, protocol, certConfig, route }: DomainProps): Promise<void> {
    const online = await find(this.#client.getCustomDomain(domainName));
    const others = (online?.routeConfig?.routes ?? []).filter(
      ({ functionName }) => functionName !== this.#name,
    );
    const routeConfig = { routes: [...others, { ...route, functionName: this.#name }] };
    if (online === undefined) {
      const body = new Sdk.CreateCustomDomainInput({ domainName, protocol, certConfig, routeConfig });
      await this.#client.createCustomDomain(new Sdk.CreateCustomDomainRequest({ body }));
      return;
    }
    const body = new Sdk.UpdateCustomDomainInput({ protocol, certConfig, routeConfig });
    await this.#client.updateCustomDomain(domainName, new Sdk.UpdateCustomDomainRequest({ body }));
  }

  /** Takes the function's route off its domain, and the domain away with the last one. */
  async deleteDomain({ domainName }: DomainProps): Promise<void> {
    const online = await find(this.#client.getCustomDomain(domainName));
    const others = (online?.routeConfig?.routes ?? []).filter(
      ({ functionName }) => functionName !== this.#name,
    );
    if (online === undefined) return;
    if (others.length === 0) {
      await this.#client.deleteCustomDomain(domainName);
      return;
    }
    const body = new Sdk.UpdateCustomDomainInput({ routeConfig: { routes: others } });
    await this.#client.updateCustomDomain(domainName, new Sdk.UpdateCustomDomainRequest({ body }));
  }

  async deleteConcurrency(): Promise<void> {
    await this.#client.deleteConcurrencyConfig(this.#name);
  }

  /** All that is there of it, in the order of the real component: settings of events, triggers, reservation, function. */
  async remove(): Promise<void> {
    const isThere = (await this.function()) !== undefined;
    if (!isThere) return;
    await this.bindings();
    await find(
      this.#client.listScalingConfigs(
        new Sdk.ListScalingConfigsRequest({ functionName: this.#name, limit: 100 }),
      ),
    );
    const reserved = await this.concurrency();
    await find(this.#client.listAliases(this.#name, new Sdk.ListAliasesRequest({ limit: 100 })));
    await find(
      this.#client.listFunctionVersions(this.#name, new Sdk.ListFunctionVersionsRequest({ limit: 100 })),
    );
    const list = await find(
      this.#client.listTriggers(this.#name, new Sdk.ListTriggersRequest({ limit: 10 })),
    );
    const asked = new Sdk.ListAsyncInvokeConfigsRequest({ functionName: this.#name, limit: 100 });
    const configs = await find(this.#client.listAsyncInvokeConfigs(asked));
    for (const _ of configs?.configs ?? []) {
      await this.#client.deleteAsyncInvokeConfig(
        this.#name,
        new Sdk.DeleteAsyncInvokeConfigRequest({ qualifier }),
      );
    }
    for (const { triggerName = "" } of list?.triggers ?? [])
      await this.#client.deleteTrigger(this.#name, triggerName);
    if (reserved !== undefined) await this.deleteConcurrency();
    await this.#client.deleteFunction(this.#name);
  }
}

/** The engine makes one for each resource and calls the method that its command names. */
export default class Component {
  /** Reads everything, then writes function, triggers, settings of events and reservation, then reads again. */
  async deploy({ props, yaml, getCredential }: Inputs): Promise<Tree> {
    const credential = await getCredential();
    const remote = new Remote(credential, props);
    const triggers = triggersOf(props);
    const before = await remote.function();
    for (const { triggerName } of triggers) await remote.trigger(String(triggerName));
    await remote.asyncConfig();
    await remote.bindings();
    await remote.scaling();
    const reserved = await remote.concurrency();

    const { archive, checksum } = packageOf(resolve(dirname(yaml.path), props.code));
    const isNew = before?.codeChecksum !== checksum;
    const code = isNew && { code: await upload(credential, props.region, archive) };
    await remote.putFunction({ ...settingsOf(props), ...code });
    for (const trigger of triggers) await remote.putTrigger(trigger);
    if (props.asyncInvokeConfig !== undefined) await remote.putAsyncConfig(props.asyncInvokeConfig);
    const domain = domainIn(props);
    if (domain !== undefined) await remote.putDomain(domain);
    if (props.concurrencyConfig !== undefined) {
      await remote.putConcurrency(props.concurrencyConfig.reservedConcurrency);
    } else if (reserved !== undefined) await remote.deleteConcurrency();
    return this.#read(remote, props);
  }

  async info({ props, getCredential }: Inputs): Promise<Tree> {
    return this.#read(new Remote(await getCredential(), props), props);
  }

  async remove({ props, getCredential }: Inputs): Promise<void> {
    const remote = new Remote(await getCredential(), props);
    const domain = domainIn(props);
    if (domain !== undefined) await remote.deleteDomain(domain);
    await remote.remove();
  }

  async #read(
    remote: Remote,
    { region, triggers = [], asyncInvokeConfig, concurrencyConfig }: Props,
  ): Promise<Tree> {
    const found = await remote.function();
    const all = [];
    for (const { triggerName } of triggers) all.push(await remote.trigger(triggerName));
    if (asyncInvokeConfig !== undefined) await remote.asyncConfig();
    if (concurrencyConfig !== undefined) await remote.concurrency();
    const http = all.find((trigger) => trigger?.triggerType === "http");
    const address = http && (await remote.trigger(http.triggerName ?? ""))?.httpTrigger;
    return {
      region,
      ...found?.toMap(),
      ...(address && { url: { system_url: address.urlInternet, system_intranet_url: address.urlIntranet } }),
    };
  }
}
