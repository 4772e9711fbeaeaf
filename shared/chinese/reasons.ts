/**
 * The sentences that Kiln writes most often into reasons, in Chinese. A reason travels as one English text, and records, logs
 * and commands quote it so; what is shown in Chinese translates it sentence by sentence. Pure.
 *
 * REASON-1. The words of the cloud, of commands and of users stay as they are: they are placeholders, and sentences that
 *     are not here. `{rest}` is translated in turn, `{output}` is not; both may have several lines.
 * REASON-2. Every piece of an English sentence stands in the source that writes it (reasons.test.ts).
 * REASON-3. A value is one word, unless its name is one of those that may have several. It ends where the next words of its
 *     sentence are first found, and holds no "; " and no ": ", which begin another sentence. So a look at any text takes a time in
 *     proportion to its length.
 */
import { ADVICE } from "./advice.ts";
import { mistakesIn } from "./mistakes.ts";

export const SENTENCES: Readonly<Record<string, string>> = {
  "none of {count} instances: {rest}": "请求的 {count} 台实例均未启动：{rest}",
  "none were needed": "无需启动",
  "could not launch a {role}: {rest}": "无法启动 {role} 实例：{rest}",
  "limit max {max}: {used} running or on their way": "已达到 limits.max（{max}）：{used} 台正在运行或启动中",
  "limit max {max}: {used} running or on their way, {prepaid} of them stopped subscriptions":
    "已达到 limits.max（{max}）：{used} 台正在运行、启动中或为已停机的包年包月实例（{prepaid} 台）",
  "limit max {max}: {all} exist, most of them stopped and protected from release; release some or raise limits.max":
    "已达到 limits.max（{max}）的三倍：共有 {all} 台，其中大多已停机且受释放保护；请释放一部分，或调高 limits.max",
  "limit perHour {limit}: {used} used": "已达到 limits.perHour（{limit}）：一小时内已启动 {used} 台",
  "limit perDay {limit}: {used} used": "已达到 limits.perDay（{limit}）：一天内已启动 {used} 台",
  "limit maxPricePerHour {limit}: {used} used":
    "已达到 limits.maxPricePerHour（{limit}）：每小时费用已有 {used}",
  "limit perRequest {limit}: {left} of {count} are beyond it":
    "已达到 limits.perRequest（{limit}）：请求的 {count} 台中有 {left} 台超出",
  "{want} instances asked for, limits.perRequest of fleet {fleet} is {limit}; ask for fewer or raise it":
    "请求了 {want} 台，超过机群 {fleet} 的 limits.perRequest（{limit}）；请减少请求数量，或调高该限额",
  "at least {min} of {count} are asked for, and there are {found}":
    "请求 {count} 台且至少需要 {min} 台，只得到 {found} 台",
  "what was launched is released": "已启动的实例已释放",
  "no instance type and vSwitch is left for {left} more": "已没有可用的实例规格和交换机，还差 {left} 台",
  "{left} were lost again after {count} attempts to replace them":
    "{left} 台实例丢失，补充 {count} 次后仍未成功",
  "family {family} serves no image in {region}; promote one first":
    "镜像族系 {family} 在 {region} 没有可用镜像；请先发布一个镜像",
  "there is no {key} in bucket {bucket}": "Bucket {bucket} 中没有 {key}",
  "{phase} is not over after {time}": "阶段 {phase} 在 {time} 后仍未结束",
  "{phase} is not over after {time}: {rest}": "阶段 {phase} 在 {time} 后仍未结束：{rest}",
  "cancelled by {caller}": "已由 {caller} 取消",
  '"{name}" failed with exit code {code} and printed nothing':
    "命令“{name}”失败，退出码 {code}，没有任何输出",
  "for a reboot write - reboot, or end the step with exit 194":
    "需要重启时请写 - reboot，或让该步骤以 exit 194 结束",
  "{id} is gone: the cloud releases a {role} {time} after its launch, whatever it does; raise {key}, or make the steps shorter":
    "{id} 已不存在：无论是否完成，云都会在启动 {time} 后释放 {role}；请调大 {key}，或缩短步骤",
  '"{name}" failed with exit code {code}: {output} (all of it: {key})':
    "命令“{name}”失败，退出码 {code}：{output}（完整输出：{key}）",
  "{image} was rejected by {by}; its family {family} stays as it is, and is held until the hold is lifted":
    "{by} 拒绝了镜像 {image}；镜像族系 {family} 保持不变，并冻结到解除为止",
  "{image} was not approved until {time} (promote.approval.within); promote it again to ask again":
    "镜像 {image} 到 {time} 仍未获批准（promote.approval.within）；如需再次审批，请重新发布",
  "{image} was rolled back by {run} before it joined {family}":
    "镜像 {image} 在加入 {family} 之前已被 {run} 回滚",
  "This is failure {count} in a row: timers and uploads of {recipe} are paused; put a new version of {key}, bake it by hand, or resume it ({command})":
    "这是连续第 {count} 次失败：配方 {recipe} 的定时和上传触发已暂停；请上传新版本的 {key}、手动构建，或执行 {command} 恢复",
  "{product} {action} answered {code} (request {id}): {rest}":
    "{product} {action} 返回 {code}（请求 {id}）：{rest}",
  "{product} {action} answered {code}: {rest}": "{product} {action} 返回 {code}：{rest}",
  "GitHub refuses the deliveries of {hook} ({problem})": "GitHub 拒绝读取 {hook} 的投递（{problem}）",
  "set a token or a key that is valid in KILN_GITHUB and deploy again":
    "请在 KILN_GITHUB 中设置有效的令牌或私钥，然后重新部署",
  "{key}: notify: KILN_CHANNELS has no channel {name}; it has {known}: add the channel and deploy again, or correct notify":
    "{key}：notify：KILN_CHANNELS 中没有渠道 {name}，现有 {known}；请添加渠道并重新部署，或更正 notify",
  "it did not start within {time}, so nothing was done": "在 {time} 内未能开始执行，因此没有做任何操作",
  "it is tried again when its sender sends it again": "发送方再次投递时会重试",
  "ask for it again, or set validFor": "请重新请求，或设置 validFor",
  "{count} alerts of the last six days are known of fleet {fleet}, and there is no room for more":
    "机群 {fleet} 最近六天的告警已有 {count} 个，无法再记录新的告警",
  "correct the rule that gives each alert another start or other labels, then launch what is needed with kiln scale-out {fleet}":
    "请更正使告警每次都有不同起始时间或标签的规则，然后用 kiln scale-out {fleet} 启动所需实例",
  "first bake of this recipe": "该配方首次构建",
  "changed since {image}: {changes}": "自 {image} 以来有变化：{changes}",
  "forced, nothing changed since {image}": "强制构建，自 {image} 以来没有变化",
  "nothing changed since {image}: {changes}": "自 {image} 以来没有变化：{changes}",
  "nothing changed since {image}, and rebake.onlyIfChanged is false":
    "自 {image} 以来没有变化，但 rebake.onlyIfChanged 为 false",
  "its base, family {family}, moves": "其基础镜像族系 {family} 将更新",
  "kept: it is {status}": "保留：状态为 {status}",
  "kept: it is locked ({known})": "保留：实例已锁定（{known}）",
  "kept: it is protected from release": "保留：已开启释放保护",
  "kept: it is a subscription, which cannot be released before its end": "保留：包年包月实例，到期前不能释放",
  "kept: its tag {tag} asks for it": "保留：标签 {tag} 要求保留",
  "kept: its tag {tag} asks for it until {time}": "保留：标签 {tag} 要求保留到 {time}",
  "kept: a subscription is paid for either way": "保留：包年包月实例，停机也不省钱",
  "kept: {type} has local disks or memory and goes on being charged when stopped":
    "保留：{type} 带有本地盘或持久内存，停机后继续计费",
  "kept: a stop would lose its public address {address}": "保留：停机会失去公网 IP {address}",
  "kept: it started {ago} ago, within the grace of {grace}": "保留：{ago} 前启动，仍在宽限期（{grace}）内",
  "kept: it started {ago} ago, within the window of {window}":
    "保留：{ago} 前启动，不足一个观察窗口（{window}）",
  "kept: it is within its working hours": "保留：处于工作时段",
  "kept: a user started it outside its working hours; it is left alone until {time}":
    "保留：用户在工作时段外启动了它，到 {time} 之前不停机",
  "kept: only {points} of {expected} hourly points of {signal}, a gap is not idleness":
    "保留：{signal} 每小时数据点只有 {points}/{expected} 个，缺数据不等于空闲",
  "kept: only {points} of {expected} 1-minute points of {signal}, a gap is not idleness":
    "保留：{signal} 每分钟数据点只有 {points}/{expected} 个，缺数据不等于空闲",
  "kept: {signal} reached {worst} {unit}, not below {below}":
    "保留：{signal} 达到 {worst} {unit}，不低于 {below}",
  "kept: 1-minute metrics missing: {points} of {expected} points of {signal} since {time}":
    "保留：缺少每分钟监控数据：自 {time} 起 {signal} 只有 {points}/{expected} 个数据点",
  "kept: busy in the last {ago}: {signal} {worst} {unit} at {time}, not below {below}":
    "保留：最近 {ago} 内忙碌：{time} 的 {signal} 为 {worst} {unit}，不低于 {below}",
  "kept: no signal of the policy fits it": "保留：策略中没有适用于它的指标",
  "kept: idle for {window}: {rest}": "保留：已空闲 {window}：{rest}",
  "idle for {window}: {rest}": "已空闲 {window}：{rest}",
  "{signal} at most {worst} {unit} (below {below}), {points} points":
    "{signal} 最高 {worst} {unit}（低于 {below}），数据点 {points}",
  "its stop is announced from {time} on": "停机公告的生效时间为 {time}",
  "it is outside its working hours": "处于工作时段之外",
  "fleet {fleet} is paused by {by} since {time}": "机群 {fleet} 已由 {by} 暂停，自 {time} 起",
  "there is no fleet {fleet}": "没有机群 {fleet}",
  "there is no {kind} {id}": "没有 {kind} {id}",
  "no run {run}": "没有任务 {run}",
  "run {run} has no verdicts": "任务 {run} 没有判定结果",
  "no image of this deployment is in family {family}": "镜像族系 {family} 中没有此部署的镜像",
  "no image {image} is visible, and nothing was made of it": "看不到镜像 {image}，也没有由它制作的镜像",
  "there is no {key}; upload it, or correct the name in the path": "没有 {key}；请上传，或更正路径中的名称",
  "no drift was written in the last two hours; the timer reconcile of scale-out writes it every hour":
    "最近两小时没有写入偏差记录；scale-out 的定时器 reconcile 每小时写入一次",
  "{family} is not in family {name}; name one of its members":
    "{family} 不在镜像族系 {name} 中；请指定其中的一个镜像",
  "a check for idle machines": "检查空闲实例",
  "machines are kept within its hours": "工作时段内实例保留",
  "its hours end for machines without protection": "工作时段结束，处理未受保护的实例",
  "they are stopped": "将停机",
  "they are released": "将释放",
  "they are announced, and stopped after {notice}": "先发公告，{notice} 后停机",
  "they are announced, and released after {notice}": "先发公告，{notice} 后释放",
  "none is stopped, because idle.dryRun is true": "因 idle.dryRun 为 true，不会停机",
  "none is released, because idle.dryRun is true": "因 idle.dryRun 为 true，不会释放",
  "its hours begin": "工作时段开始",
  "machines that Kiln stopped are started": "启动由 Kiln 停机的实例",
  "{id} stays: {rest}": "{id} 保持停机：{rest}",
  "{count} more stay": "另有 {count} 台保持停机",
  "a smaller size of its fleet stopped it": "它因机群规模缩小而停机",
  "a user stopped it": "由用户停机",
  "the cloud releases it soon": "即将由云释放",
  "its own working hours cannot be read": "无法读取它自己的工作时段",
  "its image {image} was rolled back by a refresh": "它的镜像 {image} 已被刷新回滚",
  "its image {image} is not tested yet by {run}": "它的镜像 {image} 尚未通过 {run} 的测试",
  "its schedule: {before} to {desired}, at least {min}":
    "按计划从 {before} 台调整为 {desired} 台，至少 {min} 台",
  "family {family} serves another image than its members have": "镜像族系 {family} 的当前镜像与成员的不同",
  "family {family} moves": "镜像族系 {family} 更换镜像",
  "they are replaced": "将替换成员",
  "its members are replaced": "将替换其成员",
  "{run} promotes into {family}": "{run} 发布到 {family}",
  "the bake of {recipe} promotes into {family}": "配方 {recipe} 的构建发布到 {family}",
  "the bake of {time} is done by then": "届时 {time} 的构建已完成",
  "nothing changes after the bake of {time}": "{time} 的构建之后没有变化",
  "{run}, which is at work, makes nothing": "正在运行的 {run} 没有产出",
  "{run} and what follows it are done by then": "届时 {run} 及其后续已完成",
  "{key}: lies in no folder; move it to recipes/ or fleets/":
    "{key}：不在任何目录中；请移到 recipes/ 或 fleets/",
  "{key}: lies in no folder; move it to {folder}": "{key}：不在任何目录中；请移到 {folder}",
  "{key}: no function reads disk files here; move it to {right}":
    "{key}：没有函数读取此处的磁盘文件；请移到 {right}",
  "{key}: no function reads it as long as {first} is there, which has the same name":
    "{key}：同名的 {first} 存在时，任何函数都不读取它",
  "delete from the bucket the one that is not meant": "请从 Bucket 中删除不需要的那个",
  "{key}: no function reads it; a component lies at components/<name>/<version>.yaml, with a version like 1.2.0":
    "{key}：没有函数读取它；组件的位置是 components/<名称>/<版本>.yaml，版本如 1.2.0",
  "{key}: starts no bake; a system disk is a RAW, VHD or QCOW2 file whose name ends with .raw, .img, .vhd or .qcow2: convert or rename it if it is one, else leave it there":
    "{key}：不会触发构建；系统盘应为 RAW、VHD 或 QCOW2 文件，扩展名为 .raw、.img、.vhd 或 .qcow2：如果是系统盘，请转换格式或重命名，否则保留即可",
  "{key}: starts no bake; a disk file must lie directly in disks/<recipe>/, where <recipe> is the name of its recipe":
    "{key}：不会触发构建；磁盘文件必须直接放在 disks/<配方名称>/ 下",
  "{key}: must be 1 to 40 lower-case letters, digits and -, with a letter first (it is {right}); rename the file":
    "{key}：文件名必须是 1 到 40 个小写字母、数字或 -，并以字母开头（当前为 {right}）；请重命名文件",
  "{key}: must be 1 to 40 lower-case letters, digits and -, with a letter first (it is {right}); rename the file to {file}":
    "{key}：文件名必须是 1 到 40 个小写字母、数字或 -，并以字母开头（当前为 {right}）；请将文件重命名为 {file}",
  "{key} has another content than version {version} of component {name} had at first, and a version is written once: bakes use the first content; put this one under a new version":
    "{key} 的内容与组件 {name} 版本 {version} 最初的内容不同，而版本只写一次：构建使用最初的内容；请将新内容放到新版本下",
  "{key}: no function reads the folder {folder}; move it to {right}":
    "{key}：没有函数读取目录 {folder}；请移到 {right}",
  "{key}: no function reads it; documents must lie directly under {folder}, with .yaml, .yml or .json in small letters: copy it to {right} if it is one, or delete it":
    "{key}：没有函数读取它；文件必须直接放在 {folder} 下，扩展名为小写的 .yaml、.yml 或 .json；如果是配方或机群，请复制到 {right}，否则请删除",
};

/** Values that may have several words (REASON-3). */
const WORDS = new Set(
  "time by caller command key known changes folder right problem name output rest".split(" "),
);
/** Values that may hold anything, also other sentences and lines. */
const ANYTHING = new Set(["name", "problem", "output", "rest"]);
/** Characters. The bound keeps long texts cheap. */
const VALUE_MAX = 300;

/** The longest first: a shorter one may be the beginning of another. */
const PREPARED = Object.entries(SENTENCES)
  .toSorted(([a], [b]) => b.length - a.length)
  .map(([en, zh]) => ({
    zh,
    names: [...en.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name),
    pieces: en.split(/\{\w+\}/),
  }));
type Prepared = (typeof PREPARED)[number];

/** Joins sentences of a reason. */
const BETWEEN = "; ";
/** A sentence that stands behind another one (shared/pauses.ts). */
const PAUSED = ". This is failure ";

/** A reason in Chinese, as far as Kiln's own sentences go. */
export function reasonInChinese(reason: string): string {
  const at = reason.lastIndexOf(PAUSED);
  const said = (text: string): string => mistakesIn(text) ?? inChinese(advised(text));
  return at < 0 ? said(reason) : `${said(reason.slice(0, at))}。${inChinese(reason.slice(at + 2))}`;
}

/** One sentence after another: each is one of Kiln's, or stays as it is up to the next semicolon. */
function inChinese(text: string): string {
  const possible = PREPARED.filter(({ pieces }) => pieces.every((piece) => text.includes(piece)));
  let said = "";
  let wasOurs = true;
  for (let from = 0; from < text.length;) {
    const found = sentenceAt(text, from, possible);
    const end = found?.end ?? endOf(text, from);
    const isOurs = found !== undefined;
    said += `${from === 0 ? "" : wasOurs || isOurs ? "；" : BETWEEN}${found?.zh ?? text.slice(from, end)}`;
    wasOurs = isOurs;
    from = end + BETWEEN.length;
    // A text that ends with a semicolon.
    if (from === text.length) said += BETWEEN;
  }
  return said;
}

function endOf(text: string, from: number): number {
  const end = text.indexOf(BETWEEN, from);
  return end < 0 ? text.length : end;
}

const isEnd = (text: string, at: number): boolean => at === text.length || text.startsWith(BETWEEN, at);

/** The sentence that begins there and ends with a semicolon or the text, and where it ends. */
function sentenceAt(
  text: string,
  from: number,
  possible: readonly Prepared[],
): { readonly zh: string; readonly end: number } | undefined {
  for (const { zh, names, pieces } of possible) {
    const values = valuesAt(text, from, { names, pieces });
    if (values === undefined) continue;
    const said = zh.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const value = values.found[names.indexOf(name)] ?? "";
      return name === "rest" ? inChinese(value) : value;
    });
    return { zh: said, end: values.end };
  }
  return undefined;
}

/** The value of each placeholder, or undefined where the text is not this sentence. */
function valuesAt(text: string, from: number, { names, pieces }: Pick<Prepared, "names" | "pieces">) {
  const [first = "", ...others] = pieces;
  if (!text.startsWith(first, from)) return undefined;
  const found: string[] = [];
  let at = from + first.length;
  for (const [index, piece] of others.entries()) {
    const name = names[index] ?? "";
    const isLast = index === others.length - 1;
    const end = valueEnd(text, at, { name, piece, isLast });
    if (end === undefined || !isValue(name, text.slice(at, end))) return undefined;
    found.push(text.slice(at, end));
    at = end + piece.length;
  }
  return isEnd(text, at) ? { found, end: at } : undefined;
}

/** Where a value ends that begins at `at`: where the next piece is first found, the last one at the end of a sentence. */
function valueEnd(
  text: string,
  at: number,
  { name, piece, isLast }: { readonly name: string; readonly piece: string; readonly isLast: boolean },
): number | undefined {
  if (piece === "") return name === "rest" ? text.length : endOf(text, at);
  const isAny = ANYTHING.has(name);
  const window = isAny ? text : text.slice(0, at + VALUE_MAX + piece.length);
  let end = window.indexOf(piece, at);
  while (isLast && isAny && end >= 0 && !isEnd(text, end + piece.length))
    end = window.indexOf(piece, end + 1);
  return end < 0 ? undefined : end;
}

function isValue(name: string, value: string): boolean {
  if (value === "") return false;
  if (ANYTHING.has(name)) return true;
  if (value.length > VALUE_MAX || /; |: |\n/.test(value)) return false;
  return WORDS.has(name) || !/\s/.test(value);
}

/** The longest first: a shorter one may be a part of another. */
const ADVISED = Object.entries(ADVICE)
  .toSorted(([a], [b]) => b.length - a.length)
  .map(([en, zh]) => ({ zh, pieces: en.split("{ram}") }));

/** Names of RAM actions have no spaces. */
const RAM_MAX = 100;

function advised(text: string): string {
  let said = text;
  for (const { zh, pieces } of ADVISED) {
    const [first = "", second] = pieces;
    const at = said.indexOf(first);
    if (at < 0) continue;
    const begin = at + first.length;
    const end = second === undefined ? begin : said.slice(0, begin + RAM_MAX).indexOf(second, begin);
    if (end < 0) continue;
    const chinese = zh.replace("{ram}", () => said.slice(begin, end));
    said = said.slice(0, at) + chinese + said.slice(end + (second?.length ?? 0));
  }
  return said;
}
