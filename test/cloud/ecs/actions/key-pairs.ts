/**
 * Key pairs: made, bound to instances and released again. The machines take the key they are launched with; one that is
 * bound later is shown and reaches no machine.
 * https://www.alibabacloud.com/help/en/ecs/developer-reference/api-ecs-2014-05-26-createkeypair
 */
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { CloudFault, refuseIf } from "../../core/kernel.ts";
import type { Kernel } from "../../core/kernel.ts";
import type { JsonObject } from "../../core/rpc.ts";
import { NOTHING } from "../action.ts";
import type { Call, EcsAction } from "../action.ts";
import type { Instance } from "../records.ts";

/** The DER prefix of the 32 bytes of an Ed25519 key (RFC 8410). */
const DER_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

export const CreateKeyPair: EcsAction = {
  run: ({ world, params }) => {
    const name = params.need("KeyPairName");
    const isTaken = world.keyPairs.has(name);
    refuseIf(isTaken, 400, "KeyPair.AlreadyExist", "The key pair already exist.");
    refuseIf(
      !/^\p{L}[\p{L}\d:_-]{1,127}$/u.test(name),
      400,
      "InvalidKeyPairName.Malformed",
      "The specified KeyPairName is wrongly formed.",
    );
    const tags = params.tags();
    const { body, publicKey } = generateKey(world.kernel);
    world.keyPairs.set(name, `${publicKey} ${name}`);
    world.tags.put("keypair", name, tags);
    return {
      KeyPairId: world.kernel.id("ssh-"),
      KeyPairName: name,
      KeyPairFingerPrint: createHash("md5").update(publicKey).digest("hex"),
      PrivateKeyBody: body,
    };
  },
};

/** An Ed25519 key, which takes no time and is the same for the same seed; the cloud's are RSA. */
function generateKey(kernel: Kernel): { body: string; publicKey: string } {
  const seed = Buffer.from(Array.from({ length: 32 }, () => Math.floor(kernel.random() * 256)));
  const key = createPrivateKey({ key: Buffer.concat([DER_HEAD, seed]), format: "der", type: "pkcs8" });
  const raw = createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
  const words = [Buffer.from("ssh-ed25519"), raw].map((word) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(word.length);
    return Buffer.concat([length, word]);
  });
  return {
    body: key.export({ format: "pem", type: "pkcs8" }).toString(),
    publicKey: `ssh-ed25519 ${Buffer.concat(words).toString("base64")}`,
  };
}

export const DeleteKeyPairs: EcsAction = {
  run: ({ world, params }) => {
    params.need("KeyPairNames");
    const names = params.jsonList("KeyPairNames", 50) ?? [];
    for (const name of names) refuseUnknown(world.keyPairs, name);
    const isUsed = [...world.instances.values()].some((each) => names.includes(each.keyPairName ?? ""));
    refuseIf(
      isUsed,
      400,
      "InvalidParameter.KeypairAlreadyAttachedInstance",
      "A key pair is bound to an instance.",
    );
    for (const name of names) {
      world.keyPairs.delete(name);
      world.tags.remove("keypair", name);
    }
    return NOTHING;
  },
};

const change = (next: (instance: Instance, name: string) => string | undefined): EcsAction => ({
  run: (call) => {
    const { world, params } = call;
    const name = params.need("KeyPairName");
    params.need("InstanceIds");
    const ids = params.jsonList("InstanceIds", 50) ?? [];
    refuseUnknown(world.keyPairs, name);
    const results = ids.map((id) => resultOf(call, id, name, next));
    return {
      KeyPairName: name,
      TotalCount: String(results.length),
      FailCount: String(results.filter(({ Success }) => Success !== "true").length),
      Results: { Result: results },
    };
  },
});

export const AttachKeyPair = change((_, name) => name);
export const DetachKeyPair = change(({ keyPairName }, name) =>
  keyPairName === name ? undefined : keyPairName,
);

/** One instance that is not there fails alone. */
function resultOf(
  { world, regionId }: Call,
  instanceId: string,
  name: string,
  next: (instance: Instance, name: string) => string | undefined,
): JsonObject {
  const instance = world.instances.get(instanceId);
  if (instance?.regionId !== regionId) {
    const Message = "The specified InstanceId does not exist.";
    return { InstanceId: instanceId, Success: "false", Code: "InvalidInstanceId.NotFound", Message };
  }
  instance.keyPairName = next(instance, name);
  return { InstanceId: instanceId, Success: "true", Code: "200", Message: "successful" };
}

function refuseUnknown(known: ReadonlyMap<string, string>, name: string): void {
  if (known.has(name)) return;
  throw new CloudFault(404, "InvalidKeyPairName.NotFound", "The specified KeyPairName does not exist.");
}
