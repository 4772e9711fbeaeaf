/** The environment of the checks of documents. */
import { readChannelNames } from "../../../shared/notifications/channel-names.ts";

/** The channels of the deployment; undefined where they are not known. */
export const knownChannels = (): readonly string[] | undefined => readChannelNames(process.env);
