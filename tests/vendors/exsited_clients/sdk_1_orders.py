"""What a program does that creates, reads, lists, cancels and deletes orders with the vendor's package, on v3."""

import json
import sys

from exsited.common.sdk_conf import SDKConfig
from exsited.exsited.auth.dto.token_dto import RequestTokenDTO
from exsited.exsited.common.common_enum import SortDirection
from exsited.exsited.exsited_sdk import ExsitedSDK
from exsited.exsited.order.dto.order_dto import OrderCreateDTO, OrderDataDTO
from sdk_1 import CREDENTIALS, attempt

SDKConfig.API_GLOBAL_VERSION = "v3"


def main(base_url):
    order = ExsitedSDK().init_sdk(RequestTokenDTO(**CREDENTIALS, exsitedUrl=base_url)).order
    created = order.create(OrderCreateDTO(order=OrderDataDTO(accountId="ACC-1001").add_line("ITEM-SEAT", "3"))).order
    first = order.list(limit=2, offset=0, direction=SortDirection.DESC, order_by="created_on")
    plain = order.list()
    cancelled = order.cancel(created.id, "2026-12-24")
    read = order.details(created.id).order
    return {
        "total": created.total,
        "quantity": created.lines[0].itemOrderQuantity,
        "page": [len(first.orders), first.pagination.records, first.pagination.previousPage],
        "listed": created.id in [one.id for one in plain.orders],
        "last page": plain.pagination.nextPage,
        "cancelled": [cancelled.order.status, bool(cancelled.eventUuid)],
        "read": [read.id == created.id, read.status, read.accountId, read.currency.name],
        "deleted": attempt(order.delete, created.id),
        "read again": attempt(order.details, created.id),
    }


if __name__ == "__main__":
    print("\n" + json.dumps(main(*sys.argv[1:])))
