"""400 transactions rolled back every ten seconds."""

import sys
import time

from django.db import transaction

from orders.models import Order

for _ in range(int(sys.argv[2]) // 10):
    for _ in range(400):
        with transaction.atomic():
            Order.objects.exists()
            transaction.set_rollback(True)
    time.sleep(10)
