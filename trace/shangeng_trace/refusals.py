"""What a rule says when an event may not happen; each a sentence for the person who tried."""

from shangeng_trace.errors import ConflictError, ForbiddenError, NotFoundError, RejectedError


class BatchNotFound(NotFoundError):
    """There is no such batch."""

    code = "trace.batch_not_found"
    zh = "没有这个批次。"
    en = "There is no such batch."


class LotTaken(ConflictError):
    """The owner has another batch of this lot number."""

    code = "trace.lot_taken"
    zh = "批次号 {lot} 已经用过，请换一个。"
    en = "Lot {lot} is already in use. Please choose another."


class QuantityMissing(RejectedError):
    """A step that moves goods was given no quantity."""

    code = "trace.quantity_missing"
    zh = "请填数量。"
    en = "Please give the quantity."


class MoreThanThere(RejectedError):
    """More would leave a batch than is in it."""

    code = "trace.more_than_there"
    zh = "批次 {lot} 现有 {have}，不够 {need}。"
    en = "Lot {lot} holds {have}; {need} cannot be taken."


class SumsDiffer(RejectedError):
    """Splitting or merging must neither lose nor add anything."""

    code = "trace.sums_differ"
    zh = "分出或并入的数量合计 {parts}，与 {whole} 不相等。有损耗请先记“报损”。"
    en = "The parts add up to {parts}, not to {whole}. Record a loss first if there was one."


class PackedTooMany(RejectedError):
    """The packs would hold more than was packed."""

    code = "trace.packed_too_many"
    zh = "{packs} 件每件 {zh_each}，共需 {zh_need}，多于投入的 {zh_have}。最多 {most} 件。"
    en = "{packs} packs of {en_each} need {en_need}, more than the {en_have} put in. At most {most} packs."


class YieldTooHigh(RejectedError):
    """More came out of a step than went in, where nothing can grow or soak up."""

    code = "trace.yield_too_high"
    zh = "投入 {zh_used}，产出 {zh_made}：“{zh_step}”不会越做越多，请核对数量和单位。"
    en = "{en_used} went in and {en_made} came out: “{en_step}” never makes more. Please check amounts and units."


class InTheFuture(RejectedError):
    """An event that has not happened yet."""

    code = "trace.in_the_future"
    zh = "发生时间还没有到，请核对。"
    en = "This time has not come yet. Please check it."


class TooLongAgo(RejectedError):
    """An event before its batch began, or before anything could have been recorded."""

    code = "trace.too_long_ago"
    zh = "发生时间太早，应在 {since} 之后。"
    en = "This is too long ago; it must be after {since}."


class EventInconsistent(RejectedError):
    """An event whose parts do not fit its step."""

    code = "trace.event_inconsistent"
    zh = "这条记录与环节不符：{what}。"
    en = "This record does not fit its step: {what}."


class ShipmentNotOpen(ConflictError):
    """Goods that were never sent to this member, or were received already."""

    code = "trace.shipment_not_open"
    zh = "没有待接收的这批货，可能已经接收过。"
    en = "No such shipment is waiting for you; it may have been received already."


class NothingToLift(ConflictError):
    """A release on a batch with nothing that the author may lift."""

    code = "trace.nothing_to_lift"
    zh = "没有您可以解除的暂停。召回和监管的暂停只能由监管部门解除。"
    en = "There is no hold you may lift. Recalls and official holds are lifted by the supervisor."


class AnotherForm(RejectedError):
    """A step that takes more than the verb it was given to knows of."""

    code = "trace.another_form"
    zh = "“{zh_step}”要用它自己的表单来记。"
    en = "“{en_step}” is logged with a form of its own."


class PersonNotYours(RejectedError):
    """Somebody is named as having done it who does not work for the organisation that says so."""

    code = "trace.person_not_yours"
    zh = "这个人不在您的单位里。"
    en = "This person does not belong to your organisation."


class NotThisRecord(RejectedError):
    """A correction or confirmation names an event that is not the author's, or not on this batch."""

    code = "trace.not_this_record"
    zh = "这一批里没有您单位记的这条记录。"
    en = "Your organisation has recorded no such event on this batch."


class NoSuchAmount(RejectedError):
    """A correction gives an amount of something that the event has none of."""

    code = "trace.no_such_amount"
    zh = "那条记录没有这样的数量可改。"
    en = "That record has no such amount to set right."


class AmountOfNothing(RejectedError):
    """What never happened is given an amount all the same."""

    code = "trace.amount_of_nothing"
    zh = "没有发生过的，不填数量；数量写错了，请选“内容有误”。"
    en = "What did not happen has no amount; if only the amount was wrong, choose “data were wrong”."


class SameAmount(RejectedError):
    """A correction gives what stands already."""

    code = "trace.same_amount"
    zh = "和现在记的数量一样，没有要改的。"
    en = "This is the amount that stands already; there is nothing to set right."


class CorrectThePart(RejectedError):
    """One batch against several: which of them is wrong must be said."""

    code = "trace.correct_the_part"
    zh = "这里对应好几批，请到数量记错的那一批里更正。"
    en = "Several batches stand against this one. Please correct the one whose amount is wrong."


class UsedAlready(ConflictError):
    """What was wrongly recorded is not there any more to be taken back."""

    code = "trace.used_already"
    zh = "批次 {lot} 现有 {have}，更正要减 {need}：后面的记录已经用掉了，请先更正后面的记录。"
    en = "Lot {lot} holds {have} and the correction takes off {need}: later records used it. Correct those first."


class ShipmentEnded(ConflictError):
    """Goods that were received or taken back: their amount is settled between two members."""

    code = "trace.shipment_ended"
    zh = "这批货对方已经接收，或者已经撤回，发运数量不能再改。"
    en = "These goods were received or taken back; the amount shipped can no longer be changed."


class NotYoursToConfirm(ForbiddenError):
    """Only the person for whom an entry was made can say whether it is right."""

    code = "trace.not_yours_to_confirm"
    zh = "这条记录不是替您记的，只有本人可以确认。"
    en = "This was not entered on your behalf; only that person can confirm it."


class SentToSelf(RejectedError):
    """Sender and recipient of goods are one organisation."""

    code = "trace.sent_to_self"
    zh = "货不能发给自己单位，请选别的收货单位。"
    en = "Goods cannot be sent to your own organisation. Please choose another recipient."


class RecipientUnknown(NotFoundError):
    """Goods are sent to somebody who is no member."""

    code = "trace.recipient_unknown"
    zh = "没有这个会员，请从列表中选收货单位。"
    en = "There is no such member. Please choose the recipient from the list."
