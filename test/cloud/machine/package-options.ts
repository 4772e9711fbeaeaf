/** The options of package managers, as their manuals list them. */
import { optionsOf } from "./options.ts";
import type { Given, Known } from "./options.ts";

/** Letters that stand for options without a letter of their own. */
const EACH = (names: string, letter: string): Record<string, string> =>
  Object.fromEntries(names.split(" ").map((name) => [name, letter]));

/** https://manpages.debian.org/stable/apt/apt-get.8.en.html. `0`: no effect here; `1`: only what is there; `9`: not simulated */
const APT: Known = {
  letters: "yqsdfmuVo:c:t:01239",
  long: {
    ...EACH("assume-yes yes", "y"),
    quiet: "q",
    ...EACH("simulate just-print dry-run recon no-act", "s"),
    "download-only": "d",
    ...EACH("fix-broken", "f"),
    ...EACH("ignore-missing fix-missing", "m"),
    ...EACH("option", "o"),
    "config-file": "c",
    ...EACH("default-release target-release", "t"),
    "assume-no": "2",
    "only-upgrade": "1",
    ...EACH(
      "no-install-recommends install-recommends install-suggests no-install-suggests allow-downgrades allow-unauthenticated allow-change-held-packages allow-remove-essential allow-releaseinfo-change allow-insecure-repositories force-yes purge auto-remove autoremove reinstall with-new-pkgs show-progress no-show-progress verbose-versions show-upgraded no-allow-insecure-repositories",
      "0",
    ),
    ...EACH(
      "print-uris no-upgrade no-remove trivial-only no-download host-architecture build-profiles compile",
      "9",
    ),
  },
};

/** https://dnf.readthedocs.io/en/latest/command_ref.html#options */
const DNF: Known = {
  letters: "yqvbC46d:e:c:x:R:5:0n9",
  long: {
    assumeyes: "y",
    assumeno: "n",
    downloadonly: "s",
    ...EACH("quiet", "q"),
    ...EACH(
      "enablerepo disablerepo repo repoid setopt releasever disableplugin enableplugin disableexcludes exclude excludepkgs color downloaddir destdir debuglevel errorlevel rpmverbosity",
      "5",
    ),
    config: "c",
    ...EACH(
      "verbose best nobest cacheonly skip-broken allowerasing refresh nogpgcheck noplugins noautoremove security bugfix enhancement newpackage obsoletes noobsoletes all",
      "0",
    ),
    ...EACH("installroot advisory advisories bz cve sec-severity transient", "9"),
  },
};

export interface Asked {
  readonly verb: string;
  readonly names: readonly string[];
  readonly isAgreed: boolean;
  readonly isRefused: boolean;
  /** Whether nothing changes: it only says what it would do, or only downloads. */
  readonly isDry: boolean;
  readonly onlyUpgrades: boolean;
  /** An option that the program does not have. */
  readonly unknown: string | undefined;
  readonly isSimulated: boolean;
}

const QUIET_AGREES = /^(?:-qq|-q=2|-[a-zA-Z]*qq[a-zA-Z]*)$/;

export function askedOf(kind: "rpm" | "deb", args: readonly string[]): Asked {
  const words = args.flatMap((arg) => (/^-q=\d$/.test(arg) ? ["-q"] : [arg]));
  const known = kind === "deb" ? APT : { ...DNF, letters: `${DNF.letters}s` };
  const given = optionsOf(words, known);
  const [verb = "", ...names] = given.operands;
  return {
    verb,
    names,
    isAgreed:
      given.has("y") || (kind === "deb" && (args.some((arg) => QUIET_AGREES.test(arg)) || isSet(args))),
    isRefused: given.has(kind === "deb" ? "2" : "n"),
    isDry: given.has("s") || (kind === "deb" && given.has("d")),
    onlyUpgrades: given.has("1"),
    unknown: unknownOf(kind, given),
    isSimulated: !given.has("9"),
  };
}

/** A digit is a name of ours, and no option. */
const unknownOf = (kind: "rpm" | "deb", given: Given): string | undefined =>
  given.unknown === undefined || kind === "deb" ? given.unknown : given.unknown.replace(/=.*$/, "");

const isSet = (args: readonly string[]): boolean =>
  args.some((arg) => /^(?:-o)?APT::Get::Assume-Yes="?(?:1|true|yes)"?$/i.test(arg));
