"""What a monitor can find, in words. Pure.

Some findings are proven by the log's own signatures to anybody; others rest on the watcher's word about what was
served, and when. `examine` (see `examining`) says which.
"""

from shangeng_trace.errors import VerificationError


class Fork(VerificationError):
    """Two signed heads of which neither continues the other."""

    code = "monitor.fork"
    zh = "账本分叉：它签名的 {older} 条与 {newer} 条两个版本互相矛盾，过去的内容被改写了。"
    en = "The log has forked: it signed {older} and {newer} entries, and one does not continue the other. The past was rewritten."


class Shrunk(VerificationError):
    """A smaller head was served after a larger one."""

    code = "monitor.shrunk"
    zh = "账本变短了：先前出示 {before} 条，后来只出示 {now} 条。"
    en = "The log has shrunk: it showed {before} entries, and later only {now}."


class KeyUnknown(VerificationError):
    """The log's checkpoint bears a signature by a key that the policy does not know."""

    code = "monitor.key_unknown"
    zh = "检查点由名单以外的密钥签名：{keys}。请向账本的运营者核实是否换了密钥。"
    en = "The checkpoint is signed by a key that the policy does not know: {keys}. Ask the operator whether the log's key has changed."


class CheckpointWrong(VerificationError):
    """What is served as the checkpoint cannot be accepted."""

    code = "monitor.checkpoint_wrong"
    zh = "检查点不能接受：{problem}"
    en = "The checkpoint cannot be accepted: {problem}"


class Unwitnessed(VerificationError):
    """The published checkpoint lacks the cosignatures that the policy asks for."""

    code = "monitor.unwitnessed"
    zh = "公布的检查点（{size} 条）没有凑够名单要求的见证。"
    en = "The published checkpoint ({size} entries) lacks the witnesses that the policy asks for."


class Late(VerificationError):
    """No quorum of witnesses has confirmed the published head lately."""

    code = "monitor.late"
    zh = "检查点过时：最近 {limit} 秒内没有足够的见证，最新的见证时间是 {newest}。"
    en = "The checkpoint is late: too few witnesses have signed it within {limit} seconds; the newest cosignature is of {newest}."


class ObjectWrong(VerificationError):
    """A tile or entry bundle is not part of the tree that was signed."""

    code = "monitor.object_wrong"
    zh = "{path} 的内容与账本签名的树对不上。"
    en = "{path} does not fit the tree that the log has signed."


class ObjectMissing(VerificationError):
    """A tile or bundle that the signed head implies is not served."""

    code = "monitor.object_missing"
    zh = "账本签名的树里应有 {path}，却不提供。"
    en = "The signed tree implies {path}, but the log does not serve it."


class EntryUnsound(VerificationError):
    """The signed tree holds an entry that cannot stand there."""

    code = "monitor.entry_unsound"
    zh = "第 {index} 条记录不合规则：{zh_rule}。"
    en = "Entry {index} breaks the log's rules: {en_rule}."


class KeyOrStatusLogged(VerificationError):
    """News rather than a fault: something about keys or standing was logged in a chain that is watched."""

    code = "monitor.watched"
    zh = "您关注的 {chain} 有新的{kind_zh}：第 {index} 条，{time}。如果不是您办的，请立即追问。"
    en = "{chain}, which you watch, has a new {kind_en} entry: number {index} of {time}. If it is not yours, ask at once."


class WitnessWrong(VerificationError):
    """What a witness publishes is not a checkpoint that the log and the witness have signed."""

    code = "monitor.witness_wrong"
    zh = "见证方“{witness}”公布的检查点不能接受：{problem}"
    en = "The checkpoint published by the witness “{witness}” cannot be accepted: {problem}"


class WitnessWentBack(VerificationError):
    """A witness cosigned a smaller tree later than a larger one."""

    code = "monitor.witness_went_back"
    zh = "见证方“{witness}”先为 {before} 条作证，后来又为 {now} 条作证：它忘记了自己见过的。"
    en = "The witness “{witness}” cosigned {before} entries and later only {now}: it has forgotten what it saw."
