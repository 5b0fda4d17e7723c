"""Doors of the console: for whom a page is at all. What somebody may do there is for the verbs to say."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from fastapi import Depends

from shangeng_trace.registry_tables import OrganisationKind, Role
from shangeng_web.console.desk import Desk, DeskDep
from shangeng_web.i18n import N_, translator

DONE = {
    "product": N_("产品已登记。"),
    "base": N_("基地已登记，接着登记地块。"),
    "plot": N_("地块已登记。"),
    "mark": N_("标志已登记。"),
    "changed": N_("已保存修改。"),
    "retired": N_("已停用，不再供选择；以前的记录照旧。"),
    "restored": N_("已恢复使用。"),
    "member": N_("会员已登记。"),
    "known": N_("这张表已经提交过了，没有重复保存。"),
    "certificate": N_("证书已签发，即时生效。"),
    "licence": N_("许可已发放，即时生效。"),
    "suspended": N_("已暂停，公开页面随即更新。"),
    "active": N_("已恢复，公开页面随即更新。"),
    "withdrawn": N_("已撤销，公开页面随即更新。"),
    "issued": N_("标签已领取，可以打印了。"),
    "activated": N_("标签已启用，扫码可见。"),
    "voided": N_("已作废，扫码即提示。"),
    "person": N_("人员已添加。"),
    "renewed": N_("密码已换新，原来的登录都已退出。"),
    "disabled": N_("已停用，当即退出登录。"),
    "enabled": N_("已恢复，可以登录。"),
    "revoked": N_("令牌已收回。"),
    "key": N_("已写入账本，当即生效。"),
}
"""What just happened, by the word in the address of the page that says so."""


def door(*kinds: OrganisationKind, roles: tuple[Role, ...] = ()) -> Any:
    """Return a dependency: the desk of somebody whose organisation is of these kinds and who has one of the roles.

    Raises `WrongOffice` or `RoleMissing`.
    """

    def enter(desk: DeskDep) -> Desk:
        if kinds:
            desk.login.actor.must_be(*kinds)
        if roles:
            desk.login.actor.must_have(*roles)
        return desk

    opened: Callable[..., Desk] = enter
    return Depends(opened)


def done(desk: Desk) -> SimpleNamespace | None:
    """Return the line that says what just happened, where the address says that something did."""
    words = DONE.get(desk.visitor.request.query_params.get("done", ""))
    return SimpleNamespace(kind="ok", words=translator(desk.language)(words)) if words else None
