/** Changes the type of an instance, for a stopped one whose type has no capacity. */
import { ModifyInstanceSpec } from "./actions.ts";
import { done } from "../answers.ts";
import { send, type CloudClient } from "../client.ts";

/** Pay-as-you-go and Stopped only; whether there is stock of `instanceType` shows when it starts. */
export async function changeInstanceType(
  client: CloudClient,
  id: string,
  instanceType: string,
  clientToken: string,
): Promise<void> {
  const params = { InstanceId: id, InstanceType: instanceType, ClientToken: clientToken };
  await send(client, { action: ModifyInstanceSpec, params }, done);
}
