/** Which names a caller may give a parameter: none that a program on the builder reads by itself. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { test } from "vitest";
import { startBakes } from "../../../../functions/bake-image/bake/start.ts";
import { scriptOf } from "../../../../shared/ephemeral-instance/command-script.ts";
import { parseRecipe } from "../../../../shared/documents/recipe.ts";
import { BakeRequest } from "../../../../shared/requests/bake.ts";
import { withVariables } from "../../../../shared/requests/declared-parameters.ts";
import { nameProblem, parametersProblem } from "../../../../shared/requests/parameters.ts";
import type { Ports } from "../../../../shared/invocation.ts";
import { known } from "../../../support/known.ts";

/** Exact names, each of which changes what a program does or which code it runs. */
const DANGEROUS =
  `PATH ENV IFS CDPATH GLOBIGNORE HOME SHELL BASH_ENV BASHOPTS SHELLOPTS BASH_XTRACEFD PS0 PS1 PS4 PROMPT_COMMAND
  ZDOTDIR FPATH path fpath HISTFILE INPUTRC RANDOM SRANDOM OPTIND HISTCMD UID EUID LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT GCONV_PATH
  LOCPATH NLSPATH LC_ALL LANG MALLOC_CHECK_ GLIBC_TUNABLES TMPDIR TERMINFO HOSTALIASES RES_OPTIONS HTTP_PROXY https_proxy
  no_proxy ALL_PROXY Http_Proxy rsync_proxy EDITOR VISUAL PAGER MANPAGER LESSOPEN LESSCLOSE BROWSER GIT_SSH_COMMAND
  GIT_CONFIG_COUNT GIT_EXEC_PATH GIT_PAGER SSH_AUTH_SOCK SSH_ASKPASS XDG_CONFIG_HOME PYTHONPATH PYTHONSTARTUP PYTHONHOME
  PIP_INDEX_URL PIP_CONFIG_FILE UV_INDEX_URL NODE_OPTIONS NODE_PATH NODE_EXTRA_CA_CERTS NPM_CONFIG_REGISTRY npm_config_registry
  PERL5LIB PERL5OPT RUBYOPT RUBYLIB GEM_PATH BUNDLE_GEMFILE JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS JAVA_HOME CLASSPATH MAVEN_OPTS
  GRADLE_OPTS PHPRC LUA_INIT R_PROFILE GOFLAGS GOPROXY CARGO_HOME RUSTC_WRAPPER RUSTFLAGS DOTNET_STARTUP_HOOKS
  PYENV_VERSION RBENV_VERSION MAKEFLAGS CC CFLAGS LDFLAGS PKG_CONFIG_PATH CURL_HOME WGETRC OPENSSL_CONF SSL_CERT_FILE
  SSL_CERT_DIR KRB5_CONFIG APT_CONFIG MODPROBE_OPTIONS TAR_OPTIONS GREP_OPTIONS DOCKER_HOST DOCKER_CONFIG KUBECONFIG
  RM M4 SED AWK GREP EGREP INSTALL LIBTOOL F77 HOSTCC CC_FOR_BUILD MAKEINFO AUTOM4TE SCONSFLAGS GUNICORN_CMD_ARGS
  CATALINA_OPTS JVM_OPTS LEIN_JVM_OPTS PYTEST_ADDOPTS MONO_PATH MONO_ENV_OPTIONS TCL_LIBRARY CAML_LD_LIBRARY_PATH CAMLLIB
  GTK_MODULES GIO_EXTRA_MODULES XTABLES_LIBDIR IPTABLES_LIB_DIR QT_PLUGIN_PATH DOCKER_API_VERSION GIT_COMMIT GIT_URL
  TF_CLI_ARGS ANSIBLE_CONFIG AWS_ACCESS_KEY_ID AWS_PROFILE ALIBABA_CLOUD_ACCESS_KEY_ID ALIYUN_ACCESS_KEY_SECRET
  PSModulePath Path TEMP temp ComSpec COMPlus_EnableDiagnostics DOTNET_gcServer Java_Home OCTAVE_SITE_INITFILE PLTCOLLECTS PLTUSERHOME
  RAKULIB JYTHONPATH IRONPYTHONPATH IPYTHONDIR NIX_PATH NIX_CONFIG LDSHARED LDCXXSHARED HADOOP_CLASSPATH HADOOP_USER_CLASSPATH_FIRST
  GTK_PATH GDK_PIXBUF_MODULE_FILE GDK_PIXBUF_MODULEDIR ODBCSYSINI ODBCINI SPARK_HOME SPARK_CONF_DIR ERL_LIBS QML2_IMPORT_PATH
  GI_TYPELIB_PATH STRACE_OPTS XZ_OPT CONDARC NPMRC`.split(/\s+/);

const HARMLESS =
  `RELEASE VERSION TIER app_version nginx_version NGINX_VERSION NODE_VERSION PYTHON_VERSION JAVA_VERSION
  DOCKER_VERSION PACKAGE_URL REGION STAGE ENVIRONMENT env APP_ENV APP_HOME APP_PATH DATA_PATH log_path RELEASE_PATH PATHFINDER HOMEPAGE IFSPEC LDAP_URL GITHUB_SHA
  GITLAB_URL NODES NODENAME DOMAIN PORT LOG_LEVEL FEATURE_X BUILD_NUMBER BUILD_ID COMMIT BRANCH ARTIFACT PROXY_PORT PS10 MYSQL_VERSION
  PG_VERSION REDIS_VERSION NVM_VERSION SDKMAN_VERSION DOCKER_COMPOSE_VERSION MIRROR APT_MIRROR TIMEZONE HISTORY_DAYS GHCR_TOKEN x X1 A_ app_path app_home
  SRC APP_SRC src install link user lang get display mail ARTIFACT_DIR DATA_FOLDER LIBRARY OPTION INITIAL HADOOP_VERSION`.split(
    /\s+/,
  );

test("names that a shell, the loader, an interpreter or a tool reads are refused, each with who reads it", ({
  expect,
}) => {
  for (const name of DANGEROUS) {
    expect(nameProblem(name), name).toMatch(
      /^is reserved: .* read (?:a variable of this name|variables named [\w*]+); give /,
    );
  }
  expect(nameProblem("GIT_COMMIT")).toMatch(/^is reserved: git and its kin read variables named GIT_\*; /);
  expect(nameProblem("PATH")).toMatch(/^is reserved: shells read a variable of this name; /);
  expect(HARMLESS.filter((name) => nameProblem(name) !== undefined)).toEqual([]);
});

const words = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,20}$/).filter((word) => word !== "VERSION");

test("whatever follows a reserved beginning, or comes before a reserved end, is refused too", ({
  expect,
}) => {
  const beginnings =
    `LD_ BASH_FUNC_ BASH_ PYTHON NODE_ NPM_CONFIG_ npm_config_ PERL RUBY JAVA_ GIT_ SSH_ MALLOC_ GLIBC_ PIP_ UV_
    CARGO_ GEM_ BUNDLE_ SSL_CERT_ KRB5 DOCKER_ AWS_ ALIYUN_ ALIBABA_CLOUD_`.split(/\s+/);
  fc.assert(
    fc.property(fc.constantFrom(...beginnings), words, (beginning, rest) => {
      expect(nameProblem(`${beginning}${rest}`)).toContain("is reserved");
    }),
  );
  const loads = fc.constantFrom(
    "FLAGS",
    "_OPTS",
    "_OPTIONS",
    "_ARGS",
    "_PRELOAD",
    "_LIBRARY_PATH",
    "_MODULES",
    "_LIBDIR",
    "PATH",
    "path",
    "_Home",
    "LIB",
    "OPT",
    "INITFILE",
  );
  fc.assert(
    fc.property(words, loads, (word, end) => {
      expect(nameProblem(`${word}${end}`)).toContain("is reserved");
    }),
  );
  const proxy = fc.constantFrom("_PROXY", "_proxy", "_Proxy");
  fc.assert(
    fc.property(words, proxy, (word, end) => {
      expect(nameProblem(`${word}${end}`)).toContain("is reserved");
    }),
  );
});

test("a name that is none is refused with the rule, whatever it is made of", ({ expect }) => {
  const rule = "a name is letters, digits and _, at most 64 of them and a letter first, like NGINX_VERSION";
  const names = [
    "",
    "1A",
    "nginx-version",
    "A B",
    "A=B",
    "_",
    "__proto__",
    "_JAVA_OPTIONS",
    "BASH_FUNC_ls%%",
  ];
  for (const name of [...names, "A".repeat(65), "Ä", "A\n", "A;id"]) {
    expect(nameProblem(name), name).toBe(rule);
  }
  fc.assert(
    fc.property(fc.string({ maxLength: 8 }), (name) => {
      if (nameProblem(name) === undefined) expect(name).toMatch(/^[A-Za-z][A-Za-z0-9_]{0,63}$/);
    }),
  );
});

// None of these requests reaches a port.
const noPorts = known<Ports>({ clock: { now: () => 0 }, cloud: { access: { bucket: "kiln" } } });

test("a request for a bake is refused at the edge, however it arrives", async ({ expect }) => {
  for (const name of ["BASH_ENV", "https_proxy", "nginx-version", "__proto__"]) {
    // Parsed like a body: a literal would set the prototype.
    const parameters: unknown = JSON.parse(`{"RELEASE": "1", "${name}": "x"}`);
    const request = { v: 1, request: "bake", recipe: "web", parameters };
    expect(BakeRequest.safeParse(request).success).toBe(false);
    const problem = `bake-image cannot read this event: parameters.${name}: ${nameProblem(name)}`;
    await expect(startBakes(request, noPorts)).rejects.toThrow(problem);
    const timer = {
      triggerTime: "2026-01-05T19:00:00Z",
      triggerName: "nightly",
      payload: JSON.stringify(request),
    };
    await expect(startBakes(timer, noPorts)).rejects.toThrow(`parameters.${name}: ${nameProblem(name)}`);
  }
});

const recipe = parseRecipe(
  "web",
  JSON.stringify({
    source: {
      builder: {
        family: "acs:ubuntu_24_04_x64",
        instanceTypes: "ecs.g7.large",
        vSwitchIds: "vsw-a",
        securityGroupId: "sg-a",
      },
    },
    provision: [
      "true",
      { reboot: true },
      { name: "set up", run: "true", environment: { TIER: "front", PATH: "/opt/bin" } },
    ],
  }),
);

test("a parameter never takes the place of what a step sets itself, and every one that would is named", ({
  expect,
}) => {
  expect(parametersProblem({ RELEASE: "1", tier: "x" }, recipe)).toBeUndefined();
  expect(parametersProblem({ TIER: "back", RELEASE: "1", LD_PRELOAD: "/x.so" }, recipe)).toBe(
    'parameters.TIER: provision[2] ("set up") sets TIER under environment, and a parameter does not replace that; ' +
      "leave the parameter out, or remove TIER from the step. parameters.LD_PRELOAD: is reserved: the loader and the C library " +
      "read variables named LD_*; give the parameter another one, or set the variable in the recipe, under environment",
  );
  const [step] = recipe.provision.slice(2);
  if (step === undefined || !("command" in step)) throw new Error("no such step");
  expect(withVariables(step, { TIER: "back", RELEASE: "1" }).environment).toEqual({
    TIER: "front",
    PATH: "/opt/bin",
    RELEASE: "1",
  });
});

test("no parameter that is allowed makes a real shell do anything, whatever its value", ({ expect }) => {
  const folder = mkdtempSync(join(tmpdir(), "parameters-"));
  const trap = join(folder, "ran");
  const code = `touch ${trap}`;
  const values = [
    `$(${code})`,
    `a[$(${code})]`,
    `\`${code}\``,
    `'; ${code}; '`,
    `() { :; }; ${code}`,
    `\n${code}\n`,
  ];
  const run = (environment: Readonly<Record<string, string>>): boolean => {
    const command = "bash -xc 'cd . && ls >/dev/null' 2>/dev/null; : $((1))";
    const step = { kind: "run", name: "try", timeoutMs: 1, command, environment } as const;
    const script = scriptOf(step, command);
    try {
      execFileSync("/bin/bash", ["-c", script], { stdio: "ignore", env: { PATH: process.env["PATH"] } });
    } catch {
      // Only what ran counts, not whether the shell liked it.
    }
    const ran = existsSync(trap);
    rmSync(trap, { force: true });
    return ran;
  };
  try {
    // The hole is real: these run code without anybody asking for it.
    expect(run({ BASH_ENV: values[0] ?? "" })).toBe(true);
    expect(run({ OPTIND: values[1] ?? "" })).toBe(true);
    for (const value of values) {
      expect(run(Object.fromEntries(HARMLESS.map((name) => [name, value]))), value).toBe(false);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a value holds no control character but line feed and tab", ({ expect }) => {
  const accepts = (value: string) =>
    BakeRequest.safeParse({ v: 1, request: "bake", recipe: "web", parameters: { A: value } }).success;
  const codes = Array.from({ length: 0x100 }, (_, code) => code);
  const refused = codes.filter((code) => !accepts(`a${String.fromCharCode(code)}b`));
  const controls = codes.filter((code) => code < 0x20 || (code >= 0x7f && code < 0xa0));
  // A half of a surrogate pair has no UTF-8, and the SDK cannot send it.
  expect([accepts("a\ud800b"), accepts("\udc00"), accepts("\ud83d\ude00")]).toEqual([false, false, true]);
  expect(refused).toEqual(controls.filter((code) => code !== 0x09 && code !== 0x0a));
});
