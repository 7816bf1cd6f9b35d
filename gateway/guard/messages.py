"""The two protobuf messages that agents push, with the fields that the guard reads and no others."""

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKAGE = "gateway.guard"


def _message(title: str, /, **fields: tuple[int, str]) -> descriptor_pb2.DescriptorProto:
    """Fields by name: number and type, which is `string` or a message that there are several of."""
    message = descriptor_pb2.DescriptorProto(name=title)
    for field, (number, kind) in fields.items():
        if kind == "string":
            message.field.add(name=field, number=number, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
        else:
            message.field.add(
                name=field,
                number=number,
                type=_FIELD.TYPE_MESSAGE,
                type_name=f".{_PACKAGE}.{kind}",
                label=_FIELD.LABEL_REPEATED,
            )
    return message


_FILE = descriptor_pb2.FileDescriptorProto(
    name="guard.proto",
    package=_PACKAGE,
    syntax="proto3",
    message_type=[
        # prometheus.WriteRequest
        _message("WriteRequest", timeseries=(1, "TimeSeries")),
        _message("TimeSeries", labels=(1, "Label")),
        _message("Label", name=(1, "string"), value=(2, "string")),
        # logproto.PushRequest
        _message("PushRequest", streams=(1, "Stream")),
        _message("Stream", labels=(1, "string")),
    ],
)
_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_FILE)


def _class(name: str) -> Any:
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"{_PACKAGE}.{name}"))


WriteRequest = _class("WriteRequest")
PushRequest = _class("PushRequest")
