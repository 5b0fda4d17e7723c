"""What is said when labels may not be issued, applied or made void; each a sentence for the person who tried."""

from collections.abc import Sequence

from shangeng_certs.gate_rules import Finding
from shangeng_trace.errors import ConflictError, NotFoundError, RejectedError, VerificationError


class GateClosed(RejectedError):
    """The gate is closed; `findings` are the rules that say no, and the sentence names them all."""

    code = "labels.gate_closed"
    zh = "这一批现在不能贴标签：{zh_reasons}"
    en = "This batch may not carry labels now: {en_reasons}"

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(
            zh_reasons="".join(finding.zh for finding in findings),
            en_reasons=" ".join(finding.en for finding in findings),
        )


class QuotaExceeded(RejectedError):
    """More labels than packs; `parts["left"]` says how many may still be issued."""

    code = "labels.quota_exceeded"
    zh = "这一批包装了 {packed} 件，已领 {issued} 枚，还可领 {left} 枚。"
    en = "Units packed in this batch: {packed}; labels issued: {issued}; still to be issued: {left}."


class LabelsAreOut(ConflictError):
    """A correction would leave fewer packs than there are labels for them."""

    code = "labels.labels_are_out"
    zh = "这一批有 {live} 枚标签没有作废，更正后只有 {packs} 件。请先作废多出的标签。"
    en = "Labels of this batch that are not void: {live}; units after the correction: {packs}. Void the others first."


class TemplateUnknown(RejectedError):
    """There is no such label template."""

    code = "labels.template_unknown"
    zh = "没有这种标签纸，请从列表中选择。"
    en = "There is no such label sheet. Please choose from the list."


class RunIdTaken(ConflictError):
    """The identifier a form brought along belongs to another run."""

    code = "labels.run_id_taken"
    zh = "这张表已经提交过，内容不同。请重新打开页面再领。"
    en = "This form was already sent with other content. Please open the page again."


class RunNotFound(NotFoundError):
    """There is no such run."""

    code = "labels.run_not_found"
    zh = "没有这批标签。"
    en = "There is no such run of labels."


class NothingToActivate(ConflictError):
    """Every label of the run is active or void."""

    code = "labels.nothing_to_activate"
    zh = "这批标签已经启用，没有可以再启用的。"
    en = "These labels are active already; none is left to activate."


class NothingToVoid(RejectedError):
    """No label was named."""

    code = "labels.nothing_to_void"
    zh = "请写明要作废哪些标签。"
    en = "Please say which labels to void."


class LabelNotInRun(RejectedError):
    """A number or code that the run has not."""

    code = "labels.label_not_in_run"
    zh = "这批标签里没有“{label}”，编号应在 1 到 {count} 之间。"
    en = "This run has no label “{label}”; its numbers go from 1 to {count}."


class LabelVoidAlready(ConflictError):
    """A label that is void cannot become so again."""

    code = "labels.label_void_already"
    zh = "第 {number} 号标签已经作废。"
    en = "Label {number} is void already."


class VoidReasonUnknown(RejectedError):
    """The reason is not one of those offered."""

    code = "labels.void_reason_unknown"
    zh = "请从列表中选一个作废原因。"
    en = "Please choose a reason from the list."


class PrintErased(NotFoundError):
    """What the labels say has been erased."""

    code = "labels.print_erased"
    zh = "这批标签的打印内容已删除，不能再印。"
    en = "What these labels say has been erased; they can be printed no more."


class FontReplaced(ConflictError):
    """The font is another one than at issue, so a reprint would differ from what was printed."""

    code = "labels.font_replaced"
    zh = "领标签之后换了字体，再印会与原来的不一样。请把这批标签作废，重新领取。"
    en = "The font was replaced after these labels were issued; a reprint would differ. Please void them and issue new ones."


class CodesDiffer(VerificationError):
    """The stored codes of a run are not those that its statement commits to."""

    code = "labels.codes_differ"
    zh = "赋码批 {run} 存储的码与账本中的承诺不符：{what}。"
    en = "The stored codes of run {run} do not fit what the ledger commits to: {what}."
