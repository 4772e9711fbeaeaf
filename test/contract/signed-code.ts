/**
 * The first lines of a function that calls OSS without a client: `signed(method, key, credentials)` answers the headers of
 * a request for a key of the bucket `box`, signed by OSS V1.
 */
export const SIGNED = `const { createHmac } = require("node:crypto");
const signed = (method, key, { accessKeyId, accessKeySecret, securityToken }) => {
  const date = new Date().toUTCString();
  const own = { "x-oss-date": date, "x-oss-security-token": securityToken };
  const lines = Object.entries(own).map(([name, value]) => name + ":" + value);
  const text = [method, "", "", date, ...lines, "/box/" + key].join("\\n");
  const signature = createHmac("sha1", accessKeySecret).update(text).digest("base64");
  return { ...own, authorization: "OSS " + accessKeyId + ":" + signature };
};`;

/** Gives such a function the address of OSS. */
export const OSS_PROPS = "environmentVariables: { OSS: \"${env('OSS')}\" }";
