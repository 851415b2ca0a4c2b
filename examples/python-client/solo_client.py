"""A client of SOLO that has nothing of SOLO: it asks the server itself, by reflection, what its methods and messages are.

Needs Debian's python3-grpcio and python3-protobuf. Usage: solo_client.py PROFILE_FOLDER
"""

import json
import pathlib
import sys
import uuid

try:
    import grpc
    from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
except ImportError as missing:
    print(f"Cannot run the client: {missing}; apt-get install python3-grpcio python3-protobuf", file=sys.stderr)
    # As test runners know what could not be run here.
    sys.exit(77)

SOURCE = """
import { defineServer, reply } from "@solo/actor-core";
export default defineServer({
  version: 1,
  init: () => ({ count: 0 }),
  calls: { add: ({ state }, by: number) => reply(state.count + by, { count: state.count + by }) },
});
"""


class Solo:
    """The API of a server, its messages made from what reflection tells."""

    def __init__(self, profile: pathlib.Path):
        about = json.loads((profile / "profile.json").read_text())
        part = lambda name: (profile / name).read_bytes()
        credentials = grpc.ssl_channel_credentials(part("root.pem"), part("key.pem"), part("cert.pem"))
        # TLS has no server names that are addresses, and every server's certificate is made out to localhost, too.
        options = [("grpc.ssl_target_name_override", "localhost")]
        self.channel = grpc.secure_channel(about["address"], credentials, options)
        self.pool = descriptor_pool.DescriptorPool()
        self.files = set()
        self.reflection = reflection_messages()
        for service in self.services():
            if service.startswith("solo."):
                self.learn(service)

    def ask_reflection(self, **question):
        request, response = self.reflection
        stream = self.channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        return next(stream(iter([request(**question)]), timeout=10))

    def services(self):
        answer = self.ask_reflection(list_services="")
        return [service.name for service in answer.list_services_response.service]

    def learn(self, symbol):
        files = self.ask_reflection(file_containing_symbol=symbol).file_descriptor_response.file_descriptor_proto
        known = {file.name: file for file in map(descriptor_pb2.FileDescriptorProto.FromString, files)}

        def add(name):
            file = known.pop(name, None)
            if file is None or name in self.files:
                return
            self.files.add(name)
            for dependency in file.dependency:
                add(dependency)
            self.pool.Add(file)

        for name in list(known):
            add(name)

    def ask(self, rpc, /, **fields):
        """Sends a request in proto3 JSON, bytes apart, and gives the answer's message."""
        service, name = rpc.split("/")
        found = self.pool.FindServiceByName(f"solo.v1.{service}").FindMethodByName(name)
        factory = message_factory.MessageFactory(self.pool)
        request, response = (factory.GetPrototype(kind) for kind in (found.input_type, found.output_type))
        call = self.channel.unary_unary(
            f"/solo.v1.{rpc}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=response.FromString,
        )
        return call(request(**fields), timeout=30)


def reflection_messages():
    """Request and answer of grpc.reflection.v1, as far as they are used here."""
    file = descriptor_pb2.FileDescriptorProto(name="reflection.proto", package="grpc.reflection.v1", syntax="proto3")

    def message(name, *fields):
        made = file.message_type.add(name=name)
        for field, number, kind, repeated in fields:
            one = made.field.add(name=field, number=number, label=3 if repeated else 1)
            if kind in ("string", "bytes"):
                one.type = 9 if kind == "string" else 12
            else:
                one.type, one.type_name = 11, f".grpc.reflection.v1.{kind}"

    message("ServerReflectionRequest", ("file_containing_symbol", 4, "string", False), ("list_services", 7, "string", False))
    # A oneof on the wire: even an empty one of its fields has to be sent.
    choice = file.message_type[0].oneof_decl.add(name="message_request")
    assert choice.name
    for field in file.message_type[0].field:
        field.oneof_index = 0
    message("FileDescriptorResponse", ("file_descriptor_proto", 1, "bytes", True))
    message("ServiceResponse", ("name", 1, "string", False))
    message("ListServiceResponse", ("service", 1, "ServiceResponse", True))
    message(
        "ServerReflectionResponse",
        ("file_descriptor_response", 4, "FileDescriptorResponse", False),
        ("list_services_response", 6, "ListServiceResponse", False),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    named = lambda name: factory.GetPrototype(pool.FindMessageTypeByName(f"grpc.reflection.v1.{name}"))
    return named("ServerReflectionRequest"), named("ServerReflectionResponse")


def main():
    solo = Solo(pathlib.Path(sys.argv[1]))
    fresh = lambda: str(uuid.uuid4())

    deployed = solo.ask("DeploymentService/Deploy", request_id=fresh(), service_id="from-python", source=SOURCE.encode())
    print("deployed", json_format.MessageToDict(deployed)["service"]["state"])

    reply = solo.ask("MessagingService/Call", service_id="from-python", method="add", arguments=b"[2]").reply
    print("add(2) =", json.loads(reply))

    try:
        solo.ask("MessagingService/Call", service_id="from-python", method="subtract", arguments=b"[2]")
    except grpc.RpcError as error:
        # The reason stands in the details, which a client with google.rpc's messages reads whole.
        details = dict(error.trailing_metadata())["grpc-status-details-bin"]
        print("subtract is refused:", error.code().name, b"METHOD_NOT_FOUND" in details, error.details())

    broken = SOURCE.replace("count: 0", "count: ")
    try:
        solo.ask("DeploymentService/Deploy", request_id=fresh(), service_id="broken", source=broken.encode())
    except grpc.RpcError as error:
        print("the broken one is refused:", error.details())

    solo.ask("DeploymentService/Kill", request_id=fresh(), service_id="from-python")
    replaced = solo.ask("DeploymentService/Deploy", request_id=fresh(), service_id="from-python", source=SOURCE.encode())
    print("replaced by version", replaced.service.version)
    solo.ask("DeploymentService/Kill", request_id=fresh(), service_id="from-python")
    print("killed")


if __name__ == "__main__":
    main()
