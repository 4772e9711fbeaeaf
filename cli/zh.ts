/** The Chinese of lines for people, in the words of README.zh-CN.md. */
export const ZH: Readonly<Record<string, string>> = {
  // Help
  "usage: {usage}": "用法：{usage}",
  COMMAND: "命令",
  "[options]": "[选项]",
  "options:": "选项：",
  or: "或",
  "{program} COMMAND --help describes a command.": "{program} 命令 --help 显示命令的说明。",
  "exit codes: 0 ok, 1 failed, 2 wrong command line, 3 refused by validation, 4 not authenticated":
    "退出码：0 成功，1 失败，2 命令行错误，3 未通过校验，4 未通过认证",
  "print one JSON document (its field version grows when a field changes its meaning)":
    "输出一个 JSON 文档（字段含义改变时 version 递增）",
  "print this help": "显示本说明",
  "language of the output, en or zh; that of the locale without it": "输出语言 en 或 zh，默认取系统区域设置",
  "an argument is missing: {usage}": "缺少参数：{usage}",
  "there are too many arguments: {usage}": "参数过多：{usage}",
  "{option} takes no value": "{option} 不带值",
  "{option} needs a value: {option} {kind}": "{option} 缺少值：{option} {kind}",
  "{option} needs a value; one that begins with - is written {option}={value}":
    "{option} 缺少值；以 - 开头的值写作 {option}={value}",
  "{option} is no option, and no argument is less than 0": "{option} 不是选项，参数也不能小于 0",
  "there is no option {option}": "没有选项 {option}",
  "there is no option {option}; did you mean --{near}?": "没有选项 {option}，是否指 --{near}？",
  "there is no command {name}; there are {names}": "没有命令 {name}；可用命令：{names}",
  "there is no command {name}; did you mean {near}?": "没有命令 {name}，是否指 {near}？",

  // Summaries
  "write a first recipe and a first fleet, by asking or from options": "通过问答或选项生成第一个配方和机群",
  "find the mistakes in recipes, fleets and components, without a network unless --online is given":
    "校验配方、机群和组件，除非加 --online，否则不联网",
  "bake, test and promote a recipe on the local cloud, in seconds and without an account":
    "在本地模拟云上构建、测试并发布配方，几秒完成，无需账号",
  "check recipes, fleets and components and store them in the deployment":
    "校验配方、机群和组件并保存到部署中",
  "show what is at work and how far, what waits, and what failed in the last 24 hours":
    "显示正在执行的任务及进展、等待中的任务和最近 24 小时的失败",
  "serve a page on this machine: runs, families, fleets, failures, approvals and idle machines":
    "在本机提供网页：任务、镜像族系、机群、失败、审批和闲置实例",
  "list runs: those at work, then those that have ended, the newest first":
    "列出任务：先列出正在执行的，再按结束时间从新到旧列出其余任务",
  "say why the last failed run of a recipe, fleet or family failed, or how a run stands":
    "说明配方、机群或族系最近一次失败的原因，或某个任务的状态",
  "print the steps of a run and the outputs of its commands": "输出任务的步骤和命令输出",
  "print the steps of a run and the outputs of its commands as they come, until it and its promotion have ended":
    "持续输出任务的步骤和命令输出，直到任务及其发布结束",
  "show what each family serves, since when, by which run, and whether it is held":
    "显示每个镜像族系当前的镜像、起始时间、发布任务以及是否冻结",
  "show how many instances of each fleet run, on which image, within which limits":
    "显示每个机群运行的实例数、使用的镜像和上限",
  "show a fleet and its members": "显示一个机群及其实例",
  "show what an image was made of, and all that was made of it": "显示镜像的来源，以及由它产生的一切",
  "print what to do about an image that must not be used any more; it changes nothing":
    "列出停用某个镜像的处理计划，不做任何更改",
  "show what the stops of each fleet saved in a month": "显示各机群某个月因停机节省的费用",
  "show which members run another image than their family serves, since when, and why":
    "显示哪些实例使用的不是族系当前的镜像、从何时起、为什么",
  "show what the timers of the next 24 hours will do: bakes, promotions, old images, fleets":
    "显示未来 24 小时定时器会做什么：构建、发布、旧镜像、机群",
  "show which deliveries the webhook refused in the last 7 days, whose, and why":
    "显示最近 7 天 Webhook 拒绝的投递、来源和原因",
  "bake a recipe now": "立即构建配方",
  "test an image and let it join a family": "测试镜像并发布到镜像族系",
  "let a family serve its previous image again, or the image that is named":
    "将镜像族系回滚到上一个镜像，或指定的镜像",
  "let the image of a promotion join its family": "批准发布，使镜像加入族系",
  "end a promotion that waits for approval; its family stays as it is": "拒绝待审批的发布，族系保持不变",
  "let no bake change what a family serves; images are built and tested, and wait":
    "冻结族系：照常构建和测试镜像，但不改变族系提供的镜像",
  "lift the hold of a family": "解除族系的冻结",
  "resume the timers and uploads of a recipe that is paused after failures":
    "恢复因连续失败而暂停的配方的定时与上传构建",
  "launch members of a fleet, or start stopped ones": "扩容机群：创建实例或启动已停止的实例",
  "say how many members a fleet is to have; it needs size: in its document":
    "设置机群的期望实例数，文档中需有 size:",
  "make a fleet smaller by a number of members that do not work, or by the members that are named":
    "缩容机群：减少若干空闲实例，或指定的实例",
  "check a fleet now, and stop the members that are idle": "立即检查机群，并停止闲置实例",
  "start the members of a fleet that Kiln stopped, as far as its limits allow":
    "在限额内启动机群中由 Kiln 停机的成员",
  "replace the members that have another image than the family serves, in batches":
    "分批替换镜像与族系当前镜像不同的实例",
  "let Kiln change no member of a fleet": "暂停机群，Kiln 不更改其任何实例",
  "end the pause of a fleet": "解除机群的暂停",
  "keep an instance of a fleet running, whatever idle checks find": "保留机群中的一台实例，闲置检查不停止它",
  "end a run; what it made is released": "取消任务，并释放其创建的资源",
  "send a signed request: GET, PUT and DELETE to the API, POST to the webhook":
    "发送签名请求：GET、PUT、DELETE 发往 API，POST 发往 Webhook",
  "make the roles and policies of a deployment": "创建部署所需的角色和权限策略",
  "deploy the functions with the variables of .env": "用 .env 中的变量部署函数",
  "examine a deployment and say what is wrong and what to do": "检查部署，指出问题和处理办法",
  "delete the functions, triggers, roles and policies of a deployment":
    "删除部署的函数、触发器、角色和权限策略",
  "add a caller of the webhook and the API, or give one a new secret, and deploy":
    "添加调用方或轮换其密钥，并重新部署",

  // Options
  "family of the base image": "基础镜像的族系",
  "instance type": "实例规格",
  "vSwitch, vsw-…": "交换机 vsw-…",
  "security group, sg-…": "安全组 sg-…",
  "most members of the fleet that run at once": "机群同时运行的实例数上限",
  "recipe, fleet or component; without it the folder recipes/, fleets/ or components/<name>/ says, or the content":
    "recipe、fleet 或 component；默认由所在文件夹 recipes/、fleets/、components/<名称>/ 或内容判断",
  "ask the cloud as well, by dry runs: ids, families, types in stock, prices; needs a key of the cloud":
    "同时向云端核对（预检查）：id、镜像族系、规格库存和价格；需要阿里云密钥",
  "replace the document only if it still has this etag; for one file":
    "仅当文档仍是此 etag 时才替换，限单个文件",
  "store it only if there is no document of this name": "仅当没有同名文档时才保存",
  "with buttons: approve, reject, hold, unhold, roll back, keep; each shows its change before":
    "带按钮：批准、拒绝、冻结、解除冻结、回滚、保留，操作前先显示变化",
  "of this machine; a free one without it": "本机端口，默认任选空闲端口",
  "queued, running, done, failed or cancelled": "queued、running、done、failed 或 cancelled",
  "kind of the runs": "任务类型",
  "of the recipe, fleet or family": "配方、机群或族系的名称",
  "ended since: 24h, 7d, or an instant such as 2026-01-05T08:00:00Z":
    "此后结束的任务：24h、7d，或 2026-01-05T08:00:00Z 这样的时间点",
  "how many; 20 without it": "数量，默认 20",
  "go on until the run and its promotion have ended; exit code 1 unless both are done":
    "持续输出到任务及其发布结束；任一未成功时退出码为 1",
  "only the output of one command, by its number": "只输出指定编号的命令输出",
  "such as 2026-11, in UTC; this month without it": "如 2026-11（UTC），默认本月",
  "with the recipes for which nothing is to do": "同时列出无需构建的配方",
  "bake even if nothing has changed": "即使没有变化也构建",
  "a parameter of the recipe; may be repeated": "配方的参数，可重复",
  "only find out what would be done; the run says it": "试运行：只查明会做什么，结果见任务",
  "take the last rollback back": "撤销上一次回滚",
  "do not ask; needed where there is no terminal, such as in CI": "不再询问；没有终端（如 CI）时必须加",
  "the reason, for others to read": "原因，供他人查看",
  "a time such as 7d, or an instant; without it until it is lifted": "时长（如 7d）或时间点，默认直到解除",
  "at least so many, or none": "至少这么多台，否则一台也不要",
  "how long, at most 7d; 1d without it": "保留多久，最长 7d，默认 1d",
  "change a document only if it still has this etag": "仅当文档仍是此 etag 时才修改",
  "of one of several deployments": "多套部署中的一套",
  "only say what would be changed": "只列出将发生的变化",
  "remove a variable of the functions": "删除函数的一个环境变量",
  "launch an instance too, which costs a little": "同时创建一台实例，会产生少量费用",
  "wait for slow answers": "等待较慢的结果",
  "delete the objects of Kiln too, such as the logs of all runs, and the bucket when nothing else is in it":
    "同时删除 Kiln 自己的对象（如所有任务的日志），Bucket 中没有其他对象时一并删除",
  "delete it while runs are at work": "即使有任务正在执行也删除",
  'what a new caller may ask for, such as "GET /*"; may be repeated':
    '新调用方允许的路由，如 "GET /*"，可重复',
  "only change .env, after the checks of a deploy": "通过部署前的检查后，只修改 .env",

  // Details
  "The caller needs the route {route}.": "调用方需要路由 {route}。",
  "Writes recipes/NAME.yaml and fleets/NAME.yaml in the current folder, and replaces no file. NAME is web without it.":
    "在当前文件夹写入 recipes/NAME.yaml 和 fleets/NAME.yaml，不替换已有文件。NAME 默认为 web。",
  "A folder means the documents in it, and in folders recipes/ and fleets/ in it. Every mistake of a file is listed with its line,\nits rule and what to write instead. A file that cannot be read keeps no other from its check. Where KILN_CHANNELS is set, in the\nenvironment or in .env, channels must be in it. Exit code 3 when there is a mistake, else 1 when a file cannot be read.\n--json has advice of a file when there is something to add, unread when there is such a file, and online with --online when the files have no mistake.":
    "文件夹代表其中及其 recipes/、fleets/ 子文件夹中的文档。每处错误都列出所在的行、规则和应改成的写法；\n某个文件读不到，不影响校验其他文件。环境变量或 .env 中设置了 KILN_CHANNELS 时，文档中的通知渠道必须在其中。\n有错误时退出码为 3，没有错误但有文件读不到时为 1。\n--json 在文件有可补充的内容时含 advice，有读不到的文件时含 unread；加 --online 且文件没有错误时含 online。",
  "Objects that the recipe names (scripts/…) lie beside the folder recipes/, as in the bucket. vSwitches, groups, types and\nbase images that the local cloud does not have are made or replaced, and listed. Parameters take the variables of your shell.":
    "配方引用的对象（scripts/…）与 recipes/ 文件夹放在同一层，和 Bucket 中一样。本地模拟云上没有的交换机、安全组、\n规格和基础镜像会自动创建或替换，并逐一列出。参数取当前 shell 的环境变量。",
  "Nothing is stored as long as a file has a mistake. A document that another program changes meanwhile is not replaced: the\nexit code is 1 then, and nothing is lost. Files are stored one after the other, up to the first that is refused.\n--json has files, as check has them, when some have mistakes, and else documents; after a refusal these are the stored ones, and file,\nerror and untried are the refused file, the reason, and the files behind it.":
    "只要有文件存在错误，就不保存任何文件。文档同时被其他程序修改时不会被覆盖：退出码为 1，不丢失任何内容。\n文件逐个保存，遇到第一个被拒绝的文件即停止。\n有文件存在错误时 --json 含 files（同 check），否则含 documents；保存中途被拒绝时，documents 是已保存的文件，\nfile、error、untried 分别是被拒绝的文件、原因和其后尚未保存的文件。",
  "Exit code 1 when something is wrong with the deployment itself.": "部署本身有问题时退出码为 1。",
  "It prints a URL that opens the page once, in one browser, and runs until Ctrl-C. The page only reads, through the API, and\nis up to date every ten seconds. The caller needs the routes GET /* and POST /plan; with --write those of the changes as well.":
    "输出一个网址，只能在一个浏览器中打开一次，按 Ctrl-C 结束。页面通过 API 只读取数据，每十秒刷新一次。\n调用方需要路由 GET /* 和 POST /plan；加 --write 时还需要相应修改操作的路由。",
  "While a command runs, the first 6,000 bytes of its output are there; all of it when it has ended.\n--json prints one document at the end. With -f a bake is followed by its promotion, up to its end or to the question for approval;\na bake that made nothing because it waits for something, such as a parameter, has exit code 1.":
    "命令执行期间只能看到输出的前 6,000 字节，结束后可看到全部输出。\n--json 在结束时输出一个文档。加 -f 时，构建之后继续跟踪其发布，直到结束或等待审批；\n因等待条件（如参数）而没有产出镜像的构建，退出码为 1。",
  "With a family: also its earlier images and its regions.": "指定镜像族系时，还显示它早先的镜像和各个地域。",
  "WANTED is what the size of the fleet, its schedule and the last request make of it.\nOLD counts members on another image than the family serves. With a fleet: also its members.":
    "“目标台数”由机群的 size、schedule 和最近一次请求得出。\n“旧镜像”是镜像与族系当前镜像不同的实例数。指定机群时，还显示其中的实例。",
  "Public images have ids too.": "公共镜像也可以用其 id 查询。",
  "Each line is an act of its own.": "每一行是一步单独的操作。",
  "Hours in which members that Kiln stopped were down and not charged, at the price then; disks and EIPs are not in it.":
    "Kiln 停止的实例处于停机不收费状态的小时数，按当时的价格计算；不含云盘和 EIP。",
  "As it was at the last full hour. --json lists all members.":
    "以最近一个整点的状态为准。--json 列出全部实例。",
  "Bakes and retention decide as they will decide then, by what is there now; what changes in between changes the night.\nOnly the metrics of then say which machines are idle.":
    "构建和旧镜像清理按当前状态、用届时同样的判断得出；期间的变化会改变结果。\n哪些实例闲置，要看届时的监控指标。",
  "Counts may be too low: of many refusals at once an instance of the webhook writes down the first 20, then once a\nminute. The webhook does not see the deliveries that the platform refuses itself (429).":
    "次数可能偏少：短时间内拒绝很多时，每个 Webhook 实例先记录前 20 次，之后每分钟记录一次。\n平台自身拒绝的投递（429）不会到达 Webhook。",
  "The first decision stands.": "以第一次决定为准。",
  "Examples: call POST /fleets/web/scale-out '{\"count\":3}', call GET /runs?state=failed, call DELETE /recipes/web.\nIn --json the body is a text unless it is JSON.":
    "示例：call POST /fleets/web/scale-out '{\"count\":3}'，call GET /runs?state=failed，call DELETE /recipes/web。\n--json 中的 body 是 JSON，不是 JSON 时为文本。",
  "It needs a key of the cloud (ALIBABA_CLOUD_ACCESS_KEY_ID and …_SECRET) and the variables of the deployment, as the npm\nscript of the same name.":
    "与同名的 npm 脚本一样，需要阿里云密钥（ALIBABA_CLOUD_ACCESS_KEY_ID 和 …_SECRET）以及部署的环境变量。",
  "After a rotation the new secret and the one before it are accepted; a second rotation ends the older one. The secret is printed once.\nThe callers of the deployment count: where .env has others, nothing is changed and both are named.":
    "轮换后新旧两个密钥都有效；再次轮换后，更早的那个失效。密钥只显示一次。\n以部署中的调用方为准：.env 与之不同时不作任何更改，并列出两边的名称。",

  // Confirmations
  "Go on? [y/N] ": "是否继续？[y/N] ",
  "there is no terminal to ask on; add --yes, nothing was changed":
    "没有可用于确认的终端；请加 --yes。未做任何更改",
  "nothing was changed": "未做任何更改",
  "{family} in {region} serves {from}; it will serve {to}": "{region} 的 {family} 当前为 {from}，将改为 {to}",
  nothing: "（无）",
  "{what} will be taken back": "将撤销 {what}",
  "will be deprecated: {what}": "将弃用：{what}",
  "will no longer be shared: {what}": "不再共享：{what}",
  "will be available again: {what}": "恢复可用：{what}",
  "will be shared again: {what}": "恢复共享：{what}",
  "the hold of {what} is lifted": "{what} 的冻结将解除",
  "after that {what} is held: new images wait until npm run kiln -- unhold {what}":
    "之后 {what} 冻结：新镜像等待，直到执行 npm run kiln -- unhold {what}",
  "the API does not know this question; deploy the version of Kiln that this command line has":
    "API 不支持这项查询；请部署与此命令行同一版本的 Kiln",
  "{to} and --undo are two targets: leave {to} out to take the last rollback of {family} back":
    "{to} 与 --undo 是两个目标：如需撤销 {family} 的上一次回滚，请去掉 {to}",
  "no member of {fleet} is idle now": "{fleet} 当前没有闲置成员",
  "will be stopped, or released as idle.action says: {ids}": "将停机，或按 idle.action 释放：{ids}",
  "will be announced: {ids}": "将先发公告：{ids}",
  "will be released, because too many are stopped or for too long: {ids}":
    "因停机实例过多或停机过久将释放：{ids}",
  "{run}, which finds out what would stop, takes longer; {kiln} logs {run} -f shows it":
    "{run} 正在试算哪些实例会停机，尚未结束；用 {kiln} logs {run} -f 查看",
  "{fleet} is to have {wanted} members, and {running} run; it is to have {to} then":
    "{fleet} 目标为 {wanted} 台，运行中 {running} 台；之后目标为 {to} 台",
  "no fewer: {min} is its min now": "不会更少：当前 min 为 {min}",
  "up to {count} members that do not work will be stopped, or released as idle.action says":
    "最多 {count} 台空闲成员将停机，或按 idle.action 释放",
  "{id} is no member of {fleet}": "{id} 不是 {fleet} 的成员",
  "{id} will be stopped or released, although it may be at work": "{id} 将停机或释放，即使它可能正在工作",
  "{id} ({status}, {type}, {imageId}) will be stopped or released, although it may be at work":
    "{id}（{status}，{type}，{imageId}）将停机或释放，即使它可能正在工作",
  "{old} members of {fleet} have another image than {serves} of family {family}; {running} members run":
    "{fleet} 有 {old} 台成员的镜像不是镜像族系 {family} 的 {serves}；运行中 {running} 台",
  "those that run are replaced in batches, as refresh: of the fleet says; the old ones end":
    "其中运行中的按机群的 refresh: 分批替换，旧成员结束",
  "{run}, started by {by}, is at {phase} {note}": "{run}（由 {by} 触发）处于 {phase} {note}",
  "image {image} will not join family {family}, which stays as it is and is held until it is lifted":
    "镜像 {image} 不会加入镜像族系 {family}；族系保持不变，并冻结到解除为止",
  "fleet {fleet} has no size; write size: into its document first":
    "机群 {fleet} 没有 size，请先在文档中写入 size:",
  "its promotion is {run}": "其发布任务为 {run}",
  "{run} has ended already: {state} at {at}; nothing was changed":
    "{run} 已于 {at} 结束（{state}）；未做任何更改",
  "{run} will end, and the instances and images it made so far are released":
    "{run} 将结束，并释放它已创建的实例和镜像",
  "asked {run} to end; {kiln} logs {run} -f": "已请求取消 {run}；{kiln} logs {run} -f",
  "asked for by {run}; {kiln} logs {run} -f": "已由任务 {run} 执行；{kiln} logs {run} -f",
  "approved: {run}": "已批准：{run}",
  "rejected: {run}": "已拒绝：{run}",

  // Times and outputs
  "just now": "刚刚",
  "{age} ago": "{age}前",
  "(it printed nothing)": "（没有输出）",

  // runs, status, why
  RUN: "任务",
  STATE: "状态",
  BEGAN: "开始时间",
  TOOK: "用时",
  BY: "发起者",
  FOR: "已用时",
  USUALLY: "通常",
  PHASE: "阶段",
  ENDED: "结束时间",
  WHY: "原因",
  AT: "时间",
  MEMBER: "成员",
  FLEET: "机群",
  FAMILY: "镜像族系",
  RECIPE: "配方",
  IMAGE: "镜像",
  NAME: "名称",
  STATUS: "状态",
  TYPE: "规格",
  ZONE: "可用区",
  REGION: "地域",
  SERVES: "当前镜像",
  SINCE: "起始时间",
  "BY RUN": "发布任务",
  BEFORE: "上一个镜像",
  EARLIER: "早先的镜像",
  CREATED: "创建时间",
  PROMOTION: "发布任务",
  WANTED: "目标台数",
  RUNNING: "运行中",
  STOPPED: "已停机",
  CHANGING: "变化中",
  OLD: "旧镜像",
  MAX: "上限",
  "MADE OF": "来源",
  "MADE OF IT": "由它产生",
  STOPS: "停机次数",
  HOURS: "小时数",
  UNPRICED: "无价格的小时数",
  SAVED: "节省费用",
  FROM: "来源",
  "LAST ACCEPTED": "最近接受",
  "LAST REFUSED": "最近拒绝",
  REFUSED: "拒绝次数",
  never: "从未",
  "sender {name}": "发送方 {name}",
  "caller {name}": "调用方 {name}",
  "no delivery in the last 7 days": "最近 7 天没有投递",
  "Older counts are left out.": "更早的次数未列出。",
  "RECIPE/FLEET": "配方/机群",
  ACT: "操作",
  queued: "排队中",
  running: "运行中",
  done: "成功",
  failed: "失败",
  cancelled: "已取消",
  "the index of runs is being rebuilt, so runs that have ended may be missing; ask again in half an hour":
    "任务索引正在重建，已结束的任务可能不全；请半小时后再查",
  "no runs so far": "目前没有找到任务",
  "not all runs are searched; {command} searches the older ones":
    "任务尚未全部查找；用 {command} 继续查找更早的任务",
  "no failed run of {name} so far, and not all are searched; {command} searches the older ones":
    "目前没有找到 {name} 失败的任务，且任务尚未全部查找；用 {command} 继续查找更早的任务",
  "go on behind another search: its next in --json": "从上一次查找停下的位置继续：取其 --json 中的 next",
  "no runs": "没有任务",
  "{bucket} in {region}": "{region} 的 {bucket}",
  "at work": "进行中",
  "waits for its function": "等待函数执行",
  "failed in the last 24 hours ({kiln} why RUN)": "最近 24 小时失败（{kiln} why 任务）",
  problems: "部署的问题",
  "{title}: nothing": "{title}：无",
  "{title}:": "{title}：",
  "{run}, asked for {when}": "{run}，请求于 {when}",
  "There are more: {kiln} runs": "还有更多：{kiln} runs",
  "{run}: {state} after {time}": "{run}：{state}，用时 {time}",
  "{run}: {state} for {time}": "{run}：{state}，已用时 {time}",
  "began {when}, started by {by}": "开始于 {when}，由 {by} 发起",
  "began {when}, started by {by}; in phase {phase}": "开始于 {when}，由 {by} 发起；处于阶段 {phase}",
  "why: {reason}": "原因：{reason}",
  "lost: {what}": "丢失：{what}",
  "waits: {note}": "等待：{note}",
  "the end of {name}:": "{name} 的末尾：",
  "next: {step}": "下一步：{step}",
  "there is no run of {name}; {kiln} runs lists all": "没有 {name} 的任务；{kiln} runs 列出全部任务",
  "no run of {name} failed; the newest is {run}, {state}": "{name} 没有失败的任务；最近的是 {run}（{state}）",
  "{kiln} logs {run} -f, then start this one again when that one has ended":
    "{kiln} logs {run} -f，等它结束后再重新发起本任务",
  "remove the cause, then {command}": "排除原因，然后 {command}",
  "remove the cause; the next repeat of the alert tries again by itself; if none comes, {command}":
    "排除原因；告警下次重复时会自动重试；如果没有再收到告警，{command}",
  "correct recipe {name} or the script that failed, and store it again; {kiln} logs {run} shows all output":
    "修改配方 {name} 或失败的脚本并重新保存；{kiln} logs {run} 显示全部输出",
  "correct recipe {name} or its tests, and bake it again; {kiln} logs {run} shows the output of its tests":
    "修改配方 {name} 或其测试并重新构建；{kiln} logs {run} 显示测试的输出",
  "{kiln} unhold {family}, when later images may join the family again":
    "需要让之后的镜像重新发布到该族系时，{kiln} unhold {family}",
  "wait for the timer, which starts the next run by itself": "等待定时器自动发起下一次任务",
  "start again what asked for this run: {by}": "重新发起触发本任务的操作：{by}",
  "send the same request again": "重新发送同一请求",
  "correct the document and store it again": "修改文档并重新保存",
  "delete from the bucket the one that is not meant, {key} or {counts}":
    "从 Bucket 中删除 {key} 和 {counts} 中不需要的那个",
  "correct {field} in {key}, then {kiln} push {key}": "更正 {key} 中的 {field}，然后 {kiln} push {key}",
  "correct {key}, then {kiln} push {key}": "修改 {key}，然后 {kiln} push {key}",
  "do with {key} in the bucket as the reason says; nothing else waits for it":
    "按原因处理 Bucket 中的 {key}，没有其他任务在等待它",

  // check
  "ok ({kind})": "通过（{kind}）",
  "the machine of a job that is cancelled before a runner takes it is named by no completed job, so it runs on; write idle or expireAfter beside onJobCompleted":
    "作业在 Runner 接手之前被取消时，没有完成的作业指明它的实例，该实例会一直运行；请在 onJobCompleted 之外设置 idle 或 expireAfter",
  "one file": "1 个文件",
  "{count} files": "{count} 个文件",
  "{files} checked, no mistake": "已校验 {files}，没有错误",
  "one mistake in {files}": "{files}中有 1 处错误",
  "{count} mistakes in {files}": "{files}中有 {count} 处错误",
  "{wrong} of {files}": "{files}里的 {wrong} 个",
  "the files have no mistake, and the cloud could not be asked": "文件没有错误，但无法向云端核对",

  "nothing is stored": "没有保存任何文件",

  "{other} of {all} members have another image than their family serves ({at})":
    "{all} 台成员中有 {other} 台的镜像不是其镜像族系的当前镜像（{at}）",
  "{family} is held by {by} since {since}{until}: {why} (lift it: npm run kiln -- unhold {family})":
    "{family} 自 {since} 起由 {by} 冻结{until}：{why}（解除：npm run kiln -- unhold {family}）",
  " until {at}": "，到 {at} 为止",
  "no family has an image yet": "还没有镜像族系有镜像",
  "in {region}: {imageId}": "{region}：{imageId}",
  "not known": "（未知）",
  "there is no fleet": "没有机群",
  "no stop of {month} has saved anything so far": "{month} 的停机到目前为止没有节省费用",

  // plan
  "the timers of the next 24 hours will change nothing": "未来 24 小时定时器不会做任何更改",
  "nothing to do for {skipped} of {count} bakes (--all shows them)":
    "{count} 个构建中有 {skipped} 个无需构建（--all 全部列出）",
  afterwards: "随后",
  "then family {family}": "随后发布到镜像族系 {family}",
  "then family {family}, when it is approved": "随后发布到镜像族系 {family}（需审批）",
  "and waits: {hold}": "并等待：{hold}",
  "{why} (if {assumes})": "{why}（前提：{assumes}）",
  bake: "构建",
  deliver: "重新发布",
  skip: "跳过",
  fail: "将失败",
  unknown: "未知",
  mark: "标记待删除",
  unmark: "取消标记",
  delete: "删除",
  "idle-check": "闲置检查",
  resume: "启动",
  stop: "停机",
  size: "调整规模",
  refresh: "替换成员",
  retention: "镜像清理",
};
