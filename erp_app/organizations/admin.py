"""Organizations and users in the admin."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin

from organizations.models import Organization, User


@admin.register(Organization)
class OrganizationAdmin(admin.ModelAdmin):
    search_fields = ("name",)


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = ("username", "email", "organization", "is_staff")
    fieldsets = (*(DjangoUserAdmin.fieldsets or ()), (None, {"fields": ("organization",)}))
