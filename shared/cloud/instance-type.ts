/** Changes the type of an instance: the way out when a stopped one finds no stock of its own type. */
import { done } from "./answers.ts";
import { send, type CloudClient } from "./client.ts";

/** Pay-as-you-go and Stopped only; whether there is stock of `instanceType` shows when it starts. */
export async function changeInstanceType(
  client: CloudClient,
  id: string,
  instanceType: string,
  clientToken: string,
): Promise<void> {
  const params = { InstanceId: id, InstanceType: instanceType, ClientToken: clientToken };
  const request = (): Promise<unknown> =>
    import("@alicloud/ecs20140526/dist/models/ModifyInstanceSpecRequest.js");
  await send(client, { action: "ModifyInstanceSpec", request, params }, done);
}
