/**
 * Parameters of a bake: values a caller gives, which reach the commands of a builder as environment variables.
 * A caller who may bake may choose values, not behaviour, so a parameter may not have a name that a program reads by
 * itself: many such variables name code to run, and the commands run as root in the future image. Pure.
 *
 * PARAM-1. Names are letters, digits and `_`, a letter first. So none is `_JAVA_OPTIONS` or `BASH_FUNC_ls%%`.
 * PARAM-2. Names of RESERVED are refused. On Windows, where image tests run too, names of variables have no case, and on Linux
 *     some are read in mixed case (PSModulePath), so most are compared without it. Variables of shells, make and other Unix
 *     programs are refused in their own case only: `env` and `install` are ordinary names.
 *     https://learn.microsoft.com/en-us/powershell/module/microsoft.powershell.core/about/about_case-sensitivity
 *     No list names every program, so ends that say which code or which options a program takes are refused for all.
 * PARAM-3. A name that a step of the recipe sets is refused: the recipe has precedence.
 * PARAM-4. A recipe that declares parameters takes no others. One without `parameters` takes every name that these rules allow.
 */
import * as z from "zod/mini";
import { joinReasons, jsonBytes, PARAMETERS_MAX_BYTES } from "../budget.ts";
import type { Recipe } from "../documents/recipe.ts";
import { HALF_CHARACTER, isWhole } from "../json.ts";
import { mapOf } from "../map-of.ts";
import { declaredProblems } from "./declared-parameters.ts";

/**
 * Names of variables and the programs that read them; `*` stands for any rest. Some names of shells need no reader:
 * bash runs a `$( )` in the value of RANDOM or OPTIND when it is assigned.
 */
interface Reserved {
  readonly reader: string;
  readonly names: string;
  /** Its readers are programs of Unix, which heed case. */
  readonly inItsCase?: boolean;
  /** Parameters are often versions, such as NODE_VERSION, and these readers have no variable of that form. */
  readonly exceptVersion?: boolean;
}

const RESERVED: readonly Reserved[] = [
  {
    reader: "shells",
    names: `PATH ENV IFS HOME PWD OLDPWD SHELL BASH* PS[0-4] PROMPT PROMPT_* RPROMPT
      GLOBIGNORE EXECIGNORE FIGNORE FCEDIT ZDOTDIR ZSH* NULLCMD READNULLCMD HIST[A-NP-Z]* MAIL MAILCHECK
      TMOUT TIMEFORMAT POSIXLY_CORRECT FUNCNEST OPTIND OPTARG OPTERR UID EUID PPID GROUPS RANDOM SRANDOM SECONDS LINENO
      EPOCHSECONDS EPOCHREALTIME FUNCNAME DIRSTACK PIPESTATUS REPLY SHLVL COMP_* COMPREPLY READLINE_* CHILD_MAX COPROC
      MAPFILE HOSTTYPE OSTYPE MACHTYPE USER LOGNAME prompt histchars auto_resume fish_*`,
    inItsCase: true,
  },
  {
    reader: "the loader and the C library",
    names: `LD_* DYLD_* GETCONF_DIR LANG LANGUAGE LC_* TZ TZDIR MALLOC_*
      GLIBC_* LIBC_* RESOLV_* HOSTALIASES LOCALDOMAIN TMPDIR TEMPDIR TERM TERMCAP TERMINFO
      TERMINFO_DIRS SEGFAULT_SIGNALS`,
    inItsCase: true,
  },
  { reader: "Windows", names: "TMP TEMP COMSPEC PATHEXT WINDIR SYSTEMROOT" },
  { reader: "programs that open connections", names: "*_PROXY" },
  {
    reader: "programs that open connections",
    names: `CURL_* OPENSSL_* SSL_* SSLKEYLOGFILE REQUESTS_CA_BUNDLE KRB5*
      LDAP[A-Z]* SSH_* RSYNC_* P11_KIT_* GNUTLS_* GPG_* PSQL* PG[A-Z]* MYSQL_PWD MYSQL_TEST_LOGIN_FILE`,
    exceptVersion: true,
  },
  {
    reader: "programs that start an editor, a pager or a browser",
    names: "EDITOR *_EDITOR VISUAL PAGER MANPAGER *_PAGER LESS* MORE LV BROWSER VIM VIMRUNTIME EMACS* TMUX*",
    inItsCase: true,
  },
  { reader: "git and its kin", names: "GIT_* SVN_* HG HG[A-Z]* CVS_RSH BZR_* XDG_*", exceptVersion: true },
  {
    reader: "Python and its tools",
    names:
      "PYTHON* PIP_* PIPX_* PIPENV_* PDM_* POETRY_* UV_* TWINE_* PYTEST_* GUNICORN_* VIRTUAL_ENV CONDA_* MAMBA_* IPYTHON* IRONPYTHON* JYTHON* JUPYTER_*",
    exceptVersion: true,
  },
  {
    reader: "Node.js and its tools",
    names: "NODE_* YARN_* PNPM_* COREPACK_* BUN_* DENO_* TS_NODE_*",
    exceptVersion: true,
  },
  { reader: "npm", names: "NPM_*", exceptVersion: true },
  {
    reader: "Perl, Ruby and their tools",
    names: "PERL* RUBY* GEM_* BUNDLE_* BUNDLER_*",
    exceptVersion: true,
  },
  {
    reader: "Java and its tools",
    names:
      "JAVA_* JVM_* JDK_* JRE_* CATALINA_* MAVEN_* MVN_* GRADLE_* ANT_* SBT_* KOTLIN_* SCALA_* GROOVY_* HADOOP_*",
    exceptVersion: true,
  },
  {
    reader: "other languages and their tools",
    names: ` PHP_* COMPOSER* LUA_* LUAROCKS_* TCL_* TK_* MONO_* CAML* R_* JULIA_* ERL_* ELIXIR_* MIX_* GUILE_* GHC_* GHCRTS CABAL_* OPAM*
      OCAML* DOTNET_* CORECLR_* COMPLUS_* NUGET_* MSBUILD* PSMODULE* POWERSHELL_* RAKU* MVM_* PLT* OCTAVE_* GOROOT GOBIN GOENV
      GOPROXY GOPRIVATE GONOPROXY GONOSUMDB GONOSUMCHECK GOSUMDB GOINSECURE GOVCS GOAUTH GOTOOLCHAIN GOTMPDIR GOCACHE
      GOMODCACHE GODEBUG GOEXPERIMENT CGO_* CARGO_* RUSTC* RUSTDOC* RUSTUP_* RUST_* SCCACHE_*`,
    exceptVersion: true,
  },
  {
    reader: "version managers, which take it for a path",
    names: "PYENV_* RBENV_* NODENV_* GOENV_* JENV_* PHPENV_* ASDF_* MISE_*",
  },
  { reader: "version managers", names: "NVM_* SDKMAN_*", exceptVersion: true },
  {
    reader: "make, compilers and their kin",
    names: `MAKE MAKEFILES MAKELEVEL MAKE_* MAKESHELL SUFFIXES CC CXX CPP LD AR AS NM FC F77 F90 PC M2C CO GET LEX YACC
      LINT RM CP MV TEX TEXI2DVI WEAVE CWEAVE TANGLE CTANGLE MAKEINFO LINK* LOADLIBES OUTPUT_OPTION TARGET_ARCH TARGET_MACH
      LDSHARED LDCXXSHARED CCSHARED STRIP STRIPPROG OBJCOPY OBJDUMP READELF DLLTOOL WINDRES OBJC OBJCXX HOSTCC HOSTCXX HOSTLD *_FOR_BUILD
      CROSS_COMPILE INSTALL INSTALL_* LIBTOOL* LN LN_S MKDIR_P SED AWK GREP EGREP FGREP M4 AUTOCONF AUTOHEADER AUTOMAKE
      AUTOM4TE AUTORECONF ACLOCAL GCC_*
      CLANG_* CCACHE_* DISTCC_* CMAKE_* CTEST_* PKG_CONFIG* CONFIG_SITE CONFIG_SHELL`,
    inItsCase: true,
    exceptVersion: true,
  },
  {
    reader: "package managers and administration",
    names: `APT_CONFIG APT_LISTCHANGES_* DEBIAN_FRONTEND DEBCONF_* DPKG_* DEB_BUILD_* RPM_CONFIGDIR RPM_BUILD_* YUM[0-9] DNF_*
      DNF[0-9] ZYPP_* SUDO_* SYSTEMD_* DBUS_* DRACUT_* LVM_* MDADM_* TAPE GZIP BZIP BZIP2
      XZ_DEFAULTS UNZIP GREP_COLORS LS_COLORS COLUMNS LINES DISPLAY XAUTHORITY DEBUGINFOD_* QEMU_*
      LIBVIRT_* XML_CATALOG_FILES SGML_CATALOG_FILES MAGICK_* MAGIC PARALLEL* NIX_*
      ODBC*`,
    inItsCase: true,
    exceptVersion: true,
  },
  {
    reader: "container and deployment tools",
    names: `DOCKER_* BUILDKIT_* COMPOSE_* CONTAINER_HOST CONTAINERS_* CONTAINERD_* PODMAN_* KUBECONFIG KUBE_* HELM_* ANSIBLE_*
      TF_* PACKER_* VAULT_* CONSUL_* PULUMI_* CHEF_* FACTER_* PUPPET_*`,
    exceptVersion: true,
  },
  {
    reader: "many programs, as options or as code they load,",
    names:
      "*PATH *HOME *LIB *LIBS *LIBDIR *LIB_DIR *FLAGS *OPT *OPTS *OPTIONS *_ARGS *_PRELOAD *_MODULES *_MODULE_FILE *MODULEDIR *_MODULE_DIR *_CONF_DIR *INIT *INITFILE *INIT_FILE *STARTUP *RC",
  },
  {
    reader: "clients of clouds, which take identities from it",
    names: `AWS_* AZURE_* ARM_CLIENT_* GOOGLE_* CLOUDSDK_* BOTO_* ALIYUN_* ALICLOUD_* ALIBABA_* ALIBABACLOUD_*
      OSS_ACCESS_KEY* OSS_SESSION_TOKEN OSS_ENDPOINT OSS_REGION TENCENTCLOUD_* ACCESS_KEY* SECRET_KEY* SECURITY_TOKEN`,
    exceptVersion: true,
  },
];

const matchers = RESERVED.flatMap(({ reader, names, inItsCase = false, exceptVersion = false }) =>
  names.split(/\s+/).map((name) => ({
    exceptVersion,
    pattern: new RegExp(`^(?:${name.replaceAll("*", "\\w*")})$`, inItsCase ? "" : "i"),
    // A pattern also covers names that no program reads, such as GIT_COMMIT.
    reason: /[*[]/.test(name)
      ? `${reader} read variables named ${name.replaceAll(/\[.*?\]\*?/g, "*")}`
      : `${reader} read a variable of this name`,
  })),
);

/** They end like names that programs read, and name what is installed, its data, or where its source is. */
const ORDINARY =
  /^(?:(?:APP|ARTIFACT|BACKUP|DATA|DEPLOY|DOWNLOAD|LOG|MODEL|PACKAGE|RELEASE|REPO|SITE|UPLOAD|WEB)_(?:HOME|PATH)|\w*SRC)$/i;
/** Versions of tools, such as NODE_VERSION. */
const VERSION = /^(?:[A-Z0-9]+|DOCKER_COMPOSE|DOCKER_BUILDX)_VERSION$/i;
const PARAMETER = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Why a parameter may not have this name, as the rest of a sentence after the name; undefined when it may. */
export function nameProblem(name: string): string | undefined {
  if (!PARAMETER.test(name))
    return "a name is letters, digits and _, at most 64 of them and a letter first, like NGINX_VERSION";
  if (ORDINARY.test(name)) return undefined;
  const found = matchers.find(
    ({ pattern, exceptVersion }) => pattern.test(name) && !(exceptVersion && VERSION.test(name)),
  );
  return (
    found &&
    `is reserved: ${found.reason}; give the parameter another one, or set the variable in the recipe, under environment`
  );
}

export const ParameterName = z.string().check(
  z.check<string>(({ value, issues }) => {
    const message = nameProblem(value);
    if (message !== undefined) issues.push({ code: "custom", input: value, message });
  }),
);

/** Shells end a value at NUL or drop it, and terminals act on the others when a command prints the value. */
export const ParameterValue = z.string().check(
  z.refine((value) => !/(?![\n\t])\p{Cc}/u.test(value), {
    error: "must not contain control characters other than line feed and tab; remove them",
  }),
  z.refine(isWhole, { error: HALF_CHARACTER }),
);

/** Parameters in a request for a bake. */
export const Parameters = mapOf(ParameterName, ParameterValue, nameProblem("__proto__") ?? "").check(
  z.check(({ value, issues }) => {
    const bytes = jsonBytes(value);
    if (bytes <= PARAMETERS_MAX_BYTES) return;
    const message = `must have at most ${PARAMETERS_MAX_BYTES} bytes as JSON, has ${bytes - PARAMETERS_MAX_BYTES} more; put long values into an object that the commands download`;
    issues.push({ code: "custom", input: value, message });
  }),
);

/**
 * Why a recipe refuses these parameters, by name and step; undefined when it accepts them. Also checked where they are
 * used, because an event may come from anywhere.
 */
export function parametersProblem(
  parameters: Readonly<Record<string, string>>,
  { provision, parameters: declared }: Pick<Recipe, "provision" | "parameters">,
): string | undefined {
  const problems = Object.keys(parameters).flatMap((name) => {
    const reserved = nameProblem(name);
    if (reserved !== undefined) return [`parameters.${name}: ${reserved}`];
    const index = provision.findIndex(
      (step) => "environment" in step && Object.hasOwn(step.environment, name),
    );
    const step = provision[index];
    if (step === undefined) return [];
    return [
      `parameters.${name}: provision[${index}] ("${step.name}") sets ${name} under environment, and a parameter does not replace that; leave the parameter out, or remove ${name} from the step`,
    ];
  });
  const all = [...problems, ...(declared === undefined ? [] : declaredProblems(declared, parameters))];
  return all.length === 0 ? undefined : joinReasons(all, ". ");
}
