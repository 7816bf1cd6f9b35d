"""Tasks that ship and invoice placed orders, and finish those that were left unfinished."""

from celery import Task, shared_task

from integrations.errors import Unavailable
from orders import fulfilment


@shared_task(
    bind=True,
    autoretry_for=(Unavailable,),
    max_retries=4,
    retry_backoff=2,
    retry_backoff_max=20,
    retry_jitter=True,
)
def ship_order(self: Task, order_id: int) -> None:
    fulfilment.order_ship(order_id=order_id)


@shared_task
def invoice_order(order_id: int) -> None:
    fulfilment.order_invoice(order_id=order_id)


@shared_task
def finish_orders() -> None:
    """Finish the orders that a dead process or broker left unfinished."""
    pending, unfinished = fulfilment.orders_take_unattended()
    for order in pending:
        fulfilment.order_interrupt(order=order)
    for order in unfinished:
        ship_order.delay(order.pk)
        invoice_order.delay(order.pk)
