/** The advice behind the words of the cloud (shared/cloud/error-codes.ts and its kin), in Chinese. Each is written for an operator. */

/** By the English text; `{ram}` is a name that stays as it is. */
export const ADVICE: Readonly<Record<string, string>> = {
  // The service itself, keys and permissions.
  "Throttled; Kiln retries in the next minute.": "被限流；Kiln 会在下一分钟重试。",
  "Throttled by the cloud; Kiln retries.": "被限流；Kiln 会重试。",
  "All instances of the function are busy; Kiln retries.": "函数实例已全部占用；Kiln 会重试。",
  "The platform lacks capacity; Kiln retries.": "平台资源不足；Kiln 会重试。",
  "A fault inside the cloud; Kiln retries with the same token.": "云服务内部错误；Kiln 会用同一令牌重试。",
  "A fault inside the cloud; Kiln retries.": "云服务内部错误；Kiln 会重试。",
  "The service is temporarily unavailable; Kiln retries.": "服务暂时不可用；Kiln 会重试。",
  "The cloud gives no reason; Kiln retries with the same token.": "云服务未说明原因；Kiln 会用同一令牌重试。",
  "The same signed request arrived twice; Kiln signs a new one and retries.":
    "同一签名请求到达两次；Kiln 会重新签名并重试。",
  "Another request changed the same resource at this moment; Kiln retries.":
    "另一个请求正在修改同一资源；Kiln 会重试。",
  "The connection failed and the outcome is unknown; Kiln retries with the same token.":
    "连接失败，结果未知；Kiln 会用同一令牌重试。",
  "No answer in time, so the outcome is unknown; Kiln retries with the same token.":
    "请求超时，结果未知；Kiln 会用同一令牌重试。",
  "The answer was no JSON, often a proxy's page; Kiln retries with the same token.":
    "返回的不是 JSON，常见于代理页面；Kiln 会用同一令牌重试。",
  "The outcome is unknown; Kiln retries with the same token.": "结果未知；Kiln 会用同一令牌重试。",
  "Repeating it unchanged will not help; the code is explained in the cloud's error centre.":
    "原样重试无效；错误码说明见阿里云错误中心。",
  "The session ended; the next invocation brings fresh credentials.":
    "临时凭证已过期；下一次调用会使用新的凭证。",
  "The session token does not fit the key: check the function's role and redeploy it.":
    "安全令牌与 AccessKey 不匹配：请检查函数的角色并重新部署。",
  "The access key does not exist (any more): check the function's role or its keys.":
    "AccessKey 不存在或已删除：请检查函数的角色或密钥。",
  "The access key is switched off: switch it on or use another.": "AccessKey 已禁用：请启用或更换。",
  "The secret does not belong to the access key: check the function's role or its keys.":
    "AccessKey Secret 不匹配：请检查函数的角色或密钥。",
  "The clock of the caller is more than 15 minutes off: set it right.":
    "调用方的时间偏差超过 15 分钟：请校准时间。",
  "The role of this function may not do this: allow {ram} in its RAM policy.":
    "该函数的角色没有此权限：请在其 RAM 权限策略中允许 {ram}。",
  "The account is under risk control: contact the cloud's support.": "账号处于风控状态：请联系阿里云客服。",
  "Kiln may hand out only the RAM roles named in KILN_INSTANCE_ROLES: correct the name, or add it there and run npm run setup.":
    "Kiln 只能授予 KILN_INSTANCE_ROLES 中的 RAM 角色：请更正名称，或在其中添加该角色并执行 npm run setup。",
  "The account is not admitted to this: ask the cloud's support to open it.":
    "账号未开通此功能：请联系阿里云客服开通。",
  "The account is not verified: complete the real-name verification.": "账号未实名认证：请完成实名认证。",
  "A required parameter is missing; the message names it.": "缺少必填参数，名称见错误信息。",
  "A parameter is out of range; the message names it.": "参数超出取值范围，名称见错误信息。",
  "A parameter is not possible here; the message names it.": "此处不支持该参数，名称见错误信息。",
  "The cloud does not know this action in this region.": "该地域不支持此操作。",
  "There is no such function in this region: deploy the whole bundle.": "该地域没有此函数：请部署全部函数。",
  "The event is too large for an asynchronous invocation (128 KB).": "事件超过异步调用的上限（128 KB）。",
  "There is no such bucket in this region: check KILN_BUCKET.": "该地域没有此 Bucket：请检查 KILN_BUCKET。",
  "There is no such object in the bucket.": "Bucket 中没有此对象。",

  // Account, bills and quotas.
  "The account has too little balance or open bills: top it up.": "账户余额不足或有未结账单：请充值。",
  "Bills for the disk are open: pay them.": "云盘已欠费：请结清账单。",
  "The account has no way to pay: add one in the console.": "账号没有支付方式：请在控制台添加。",
  "The way to pay has to be verified: follow the link in the cloud's mail.":
    "支付方式需要验证：请按阿里云邮件中的链接操作。",
  "An order of the account is not paid: pay or cancel it.": "账号有未支付的订单：请支付或取消。",
  "The account may not use this region: ask the cloud's support to open it.":
    "账号无权使用该地域：请联系阿里云客服开通。",
  "A quota of the account is used up: release something or raise the quota in Quota Center.":
    "账号配额已用完：请释放资源，或在配额中心提升配额。",
  "The quota of pay-as-you-go instances is used up: raise it or release some.":
    "按量付费实例配额已用完：请提升配额或释放实例。",
  "The vCPU quota of this type is used up: raise it or take another type.":
    "该规格的 vCPU 配额已用完：请提升配额或更换规格。",
  "The quota of pay-as-you-go disks is used up: raise it or release some.":
    "按量付费云盘配额已用完：请提升配额或释放云盘。",
  "The image quota is used up: delete old images or raise it in Quota Center.":
    "镜像配额已用完：请删除旧镜像，或在配额中心提升配额。",
  "The snapshot quota is used up: delete old snapshots.": "快照配额已用完：请删除旧快照。",
  "The image is shared as often as it may be: unshare it from another account.":
    "镜像的共享账号数已达上限：请先取消对其他账号的共享。",
  "The daily quota of commands is used up: raise it in Quota Center.":
    "云助手命令的每日配额已用完：请在配额中心提升配额。",
  "The region has all the commands it may have: delete old ones.":
    "该地域的云助手命令数已达上限：请删除旧命令。",
  "The region has its 100 families: empty one, or use one that exists.":
    "该地域的镜像族系已达 100 个：请清空一个，或使用现有族系。",
  "The family is full (100 images): delete old ones.": "镜像族系已满（100 个镜像）：请删除旧镜像。",
  "The launch template has 30 versions: delete those that are not needed in the console.":
    "启动模板已有 30 个版本：请在控制台删除不需要的版本。",
  "More than 20 tags: use fewer.": "标签超过 20 个：请减少标签。",

  // Stock, types, disks and networks of a launch.
  "The zone has no stock of this type: another zone or type may have.":
    "该可用区的此规格暂无库存：其他可用区或规格可能有。",
  "The zone cannot offer this resource now: take another zone or type.":
    "该可用区目前无法提供此资源：请更换可用区或规格。",
  "The zone is closed for new instances: take another.": "该可用区已停止新购：请更换可用区。",
  "The zone is not open to this account: take another.": "该可用区未对此账号开放：请更换可用区。",
  "The zone takes no new instances of this account: take another.":
    "该可用区不允许此账号新建实例：请更换可用区。",
  "The type cannot be had like this here: take another type or zone.":
    "此处不支持该规格的这种用法：请更换规格或可用区。",
  "The type is not offered in this zone: take another type or zone.":
    "该可用区不提供此规格：请更换规格或可用区。",
  "The type is not sold any more: take another.": "该规格已停售：请更换规格。",
  "The spot price rose above the limit: raise the limit or take another type.":
    "抢占式实例的市场价已高于出价上限：请提高上限或更换规格。",
  "The spot limit is below the price: raise it or take another type.":
    "抢占式实例的出价上限低于市场价：请提高上限或更换规格。",
  "The image does not run on this type: take another type.": "镜像不支持该规格：请更换规格。",
  "The type or the zone does not take disks of this category: name another category, type or zone.":
    "该规格或可用区不支持此云盘类型：请更换云盘类型、规格或可用区。",
  "A data disk has a size its category does not have here: take another size, category or zone.":
    "数据盘容量超出该云盘类型的范围：请更换容量、云盘类型或可用区。",
  "The system disk has a size its category does not have here: take another.":
    "系统盘容量超出该云盘类型的范围：请更换容量。",
  "The system disk is smaller than the image: make it larger.": "系统盘小于镜像：请调大系统盘。",
  "The VPC has no room in this zone: take a vSwitch of another zone.":
    "该可用区不支持此专有网络：请使用其他可用区的交换机。",
  "The zone has no network left for this vSwitch: take another vSwitch.":
    "该可用区已没有可供此交换机使用的网络资源：请更换交换机。",
  "The vSwitch is being changed: take another, or this one later.": "交换机正在变更：请更换，或稍后再用。",
  "The vSwitch has no such free address: take another vSwitch or address.":
    "交换机中没有该空闲地址：请更换交换机或地址。",
  "The vSwitch has too few free addresses: take another vSwitch.": "交换机的可用地址不足：请更换交换机。",
  "No public addresses are left in this zone: take another.": "该可用区已没有公网地址：请更换可用区。",
  "The security group is full: take another.": "安全组已满：请更换安全组。",
  "The security group belongs to another VPC than the vSwitch.": "安全组与交换机不属于同一专有网络。",
  "Security group, vSwitch and zone do not belong together: they must share VPC and zone.":
    "安全组、交换机和可用区不匹配：须属于同一专有网络和可用区。",
  "A parameter is out of range, perhaps for this type or zone only: take another, or look at the message.":
    "参数超出取值范围，可能只对该规格或可用区如此：请更换，或查看错误信息。",
  "This launch is not possible like this, often for its type or zone: take another.":
    "无法这样创建实例，常与规格或可用区有关：请更换。",
  "Two of the parameters do not go together, often image and type: take another type, or look at the message.":
    "两个参数冲突，常见于镜像与规格：请更换规格，或查看错误信息。",
  "The type takes no user data: take another type, or none.":
    "该规格不支持实例自定义数据：请更换规格，或不使用。",
  "The user data is too long (32 KB before Base64) or not possible for this type.":
    "实例自定义数据过长（Base64 编码前 32 KB），或该规格不支持。",
  "The image has no cloud-init, so user data cannot be used: take another image or none.":
    "镜像没有 cloud-init，无法使用实例自定义数据：请更换镜像，或不使用。",
  "The machines of the zone are not reachable for a moment; Kiln retries.":
    "该可用区的物理机暂时无法访问；Kiln 会重试。",
  "The VPC is being changed; Kiln retries afterwards.": "专有网络正在变更；Kiln 会稍后重试。",
  "The key is not in this region, or ECS may not use it: check its id and policy.":
    "密钥不在该地域，或 ECS 无权使用：请检查密钥 ID 和策略。",
  "The Key Management Service is not activated: activate it once.": "尚未开通密钥管理服务（KMS）：请开通。",
  "Windows takes no key pair: use a password.": "Windows 不支持密钥对：请使用密码。",
  "ECS may not take the RAM role: let its trust policy name ecs.aliyuncs.com.":
    "ECS 不能扮演该 RAM 角色：请在其信任策略中添加 ecs.aliyuncs.com。",
  "The number to launch must be between 1 and 100.": "实例数量须为 1 到 100。",
  "The least number to launch must be between 1 and 100.": "最小实例数量须为 1 到 100。",
  "The release time must be half an hour to three years ahead, like 2030-01-31T08:00:00Z.":
    "自动释放时间须在半小时之后、三年之内，例如 2030-01-31T08:00:00Z。",

  // Names and ids that do not exist.
  "There is no such image in this region: check the id, or copy the image here.":
    "该地域没有此镜像：请检查镜像 ID，或将镜像复制到该地域。",
  "The family has no Available image in this region: bake and promote one, or bring a deprecated one back.":
    "镜像族系在该地域没有可用镜像：请构建并发布一个，或恢复已弃用的镜像。",
  "There is no such launch template in this region: check id or name.":
    "该地域没有此启动模板：请检查 ID 或名称。",
  "The launch template has no such version: check the number.": "启动模板没有此版本：请检查版本号。",
  "There is no such vSwitch in this region: check the id.": "该地域没有此交换机：请检查 ID。",
  "There is no such zone in this region: check the id.": "该地域没有此可用区：请检查 ID。",
  "There is no such security group in this region: check the id.": "该地域没有此安全组：请检查 ID。",
  "There is no such region: check its id, such as cn-hangzhou.": "没有此地域：请检查 ID，例如 cn-hangzhou。",
  "There is no such region to copy from: check its id.": "没有此源地域：请检查 ID。",
  "There is no such region to copy to: check its id.": "没有此目标地域：请检查 ID。",
  "There is no such instance in this region; it may have been released meanwhile.":
    "该地域没有此实例，可能已被释放。",
  "There is no such snapshot in this region: check the id.": "该地域没有此快照：请检查 ID。",
  "There is no such RAM role: check the name.": "没有此 RAM 角色：请检查名称。",
  "There is no such key pair in this region: check the name.": "该地域没有此密钥对：请检查名称。",
  "There is no such resource group: check the id.": "没有此资源组：请检查 ID。",
  "There is no such account to share with: check its number.": "没有要共享的账号：请检查账号 ID。",
  "The image of the marketplace does not exist (any more): take another.":
    "云市场镜像不存在或已下架：请更换镜像。",
  "The image is from the marketplace and not bought: buy it, or take another.":
    "云市场镜像未购买：请购买或更换镜像。",
  "The instance is gone already.": "实例已不存在。",
  "The image is gone already.": "镜像已不存在。",
  "The snapshot is gone already.": "快照已不存在。",
  "The task is gone already.": "任务已不存在。",
  "One of the instances is gone, so none was released: name only those that are there.":
    "其中一台实例已不存在，因此均未释放：请只指定存在的实例。",

  // States of instances, images, snapshots and disks.
  "Another operation on the same resource is in progress; Kiln retries afterwards.":
    "同一资源正在执行其他操作；Kiln 会稍后重试。",
  "Another creation is in progress; Kiln retries afterwards.": "另一个创建操作正在进行；Kiln 会稍后重试。",
  "The first request with this token is still in progress; Kiln asks again.":
    "使用此令牌的首次请求仍在处理；Kiln 会再次查询。",
  "The instance is in a state that does not allow this; read it, then decide.":
    "实例的当前状态不允许此操作。",
  "The cloud does not allow this with this resource; its message says which rule is in the way.":
    "云服务不允许对该资源执行此操作，原因见错误信息。",
  "The instance is still being prepared; Kiln retries.": "实例正在准备；Kiln 会重试。",
  "The instance must be Running or Stopped; Kiln retries until it is.":
    "实例须为运行中或已停止；Kiln 会一直重试。",
  "The instance is not stopped yet; Kiln retries afterwards.": "实例尚未停止；Kiln 会稍后重试。",
  "The instance is locked for security reasons: clear the lock in the console.":
    "实例因安全原因被锁定：请在控制台解除锁定。",
  "The subscription of the instance has ended: renew or release it.": "包年包月实例已到期：请续费或释放。",
  "The instance has expired or its bills are open: pay or release it.": "实例已到期或欠费：请缴费或释放。",
  "Deletion protection is on: switch it off first.": "实例开启了释放保护：请先关闭。",
  "A subscription runs; only pay-as-you-go instances can be released or timed.":
    "包年包月尚未到期；只有按量付费实例可以释放或定时释放。",
  "A load balancer or route still uses the instance: take it out there first.":
    "实例仍被负载均衡或路由使用：请先从中移除。",
  "A network interface is attached: detach it first.": "实例绑定了弹性网卡：请先解绑。",
  "This kind of instance does not support the operation.": "此类实例不支持该操作。",
  "The instance is set up for hibernation, which rules this out: use one without.":
    "实例启用了休眠，不支持此操作：请使用未启用休眠的实例。",
  "The agent on the instance cannot take commands yet; Kiln retries.":
    "实例上的云助手尚不能接收命令；Kiln 会重试。",
  "The agent on the instance is updating itself; Kiln retries.": "实例上的云助手正在升级；Kiln 会重试。",
  "The script is longer than 24 KB in Base64: shorten it, or fetch parts of it.":
    "脚本经 Base64 编码后超过 24 KB：请缩短，或拆出一部分再下载。",
  "The image is not Available: launch from another.": "镜像不是可用状态：请使用其他镜像。",
  "The image is not Available yet; Kiln retries afterwards.": "镜像尚不可用；Kiln 会稍后重试。",
  "The image is disabled or deleted: launch from another.": "镜像已禁用或删除：请使用其他镜像。",
  "The image is still being created; Kiln retries afterwards.": "镜像正在创建；Kiln 会稍后重试。",
  "The image is being copied; Kiln retries afterwards.": "镜像正在复制；Kiln 会稍后重试。",
  "The image is being exported; Kiln retries afterwards.": "镜像正在导出；Kiln 会稍后重试。",
  "The image is being imported: cancel the task, or it is repeated afterwards.":
    "镜像正在导入：请取消该任务，否则稍后重试。",
  "Instances run from the image: release them first, or delete it by force.":
    "有实例正在使用该镜像：请先释放实例，或强制删除。",
  "The image is public: unpublish it first.": "镜像是公开镜像：请先取消公开。",
  "The image is shared with other accounts: take it back from them first.":
    "镜像已共享给其他账号：请先取消共享。",
  "A deprecated image cannot be shared: bring it back first.": "已弃用的镜像不能共享：请先恢复。",
  "A shared image can only be copied inside its region.": "共享镜像只能在本地域内复制。",
  "An image that the service key encrypts cannot be shared: name a key of yours under encrypt, and bake again.":
    "使用服务密钥加密的镜像不能共享：请在 encrypt 中指定自己的密钥并重新构建。",
  "An image of this name exists in the region: choose another name or delete it.":
    "该地域已有同名镜像：请更换名称或删除原镜像。",
  "An image cannot be copied to this region: check its id.": "镜像不能复制到该地域：请检查地域 ID。",
  "The region does not take copies: choose another.": "该地域不支持复制镜像：请更换地域。",
  "No image can be made of this: it takes exactly one system disk, not encrypted; choose another source.":
    "无法由此创建镜像：只能有一块未加密的系统盘；请更换来源。",
  "Nothing to make the image from: name an instance, a snapshot or disks.":
    "缺少镜像来源：请指定实例、快照或云盘。",
  "The snapshot is not finished; Kiln retries afterwards.": "快照尚未完成；Kiln 会稍后重试。",
  "Another snapshot of the disk is in progress; Kiln retries afterwards.":
    "该云盘正在创建另一个快照；Kiln 会稍后重试。",
  "Too many snapshots at the same time; Kiln retries.": "同时创建的快照过多；Kiln 会重试。",
  "An image is made of the snapshot: delete the image first.": "有镜像由该快照创建：请先删除镜像。",
  "A disk is made of the snapshot: delete it by force, or the disk first.":
    "有云盘由该快照创建：请强制删除快照，或先删除云盘。",
  "Snapshots made before 2013-07-15 cannot become images: take a new one.":
    "2013-07-15 之前的快照不能创建镜像：请创建新快照。",
  "Snapshots of this category cannot become images: take a standard one.":
    "此类快照不能创建镜像：请使用普通快照。",
  "The snapshot the system disk came from is deleted: use another source.":
    "系统盘的来源快照已删除：请更换来源。",
  "The snapshot service is not activated: activate it once in the console.":
    "尚未开通快照服务：请在控制台开通。",
  "The disk is being moved; Kiln retries afterwards.": "云盘正在迁移；Kiln 会稍后重试。",
  "The disk is not in a usable state: check that it is in use and its bills are paid.":
    "云盘状态不可用：请检查云盘是否使用中、是否欠费。",
  "The disk's device state is broken: restart the instance, then try again.":
    "云盘设备状态异常：请重启实例后重试。",
  "The disk was never attached, so there is nothing to keep: attach it once.":
    "云盘从未挂载，没有可保留的数据：请先挂载一次。",
  "A disk was attached while the instance was stopped: restart it first.":
    "实例停止期间挂载过云盘：请先重启实例。",
  "Disks of this category cannot become images: use another category.":
    "此类云盘不能创建镜像：请更换云盘类型。",
  "Two disks have the same device name: give each its own.": "两块云盘的设备名相同：请分别指定。",
  "ECS may not read the bucket: create the role AliyunECSImageImportDefaultRole.":
    "ECS 无权读取 Bucket：请创建角色 AliyunECSImageImportDefaultRole。",
};
