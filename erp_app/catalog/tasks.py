"""Periodic tasks about stock."""

from celery import shared_task

from catalog import services


@shared_task
def reorder_low_stock() -> None:
    services.stock_reorder_low()


@shared_task
def measure_stock() -> None:
    services.stock_measure()
