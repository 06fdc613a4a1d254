from django.apps import AppConfig
from django.urls import register_converter


class ApiConfig(AppConfig):
    name = "api"

    def ready(self):
        from api.converters import AnyPathConverter

        register_converter(AnyPathConverter, "anypath")
