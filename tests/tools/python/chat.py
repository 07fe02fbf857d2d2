"""Says something to a person and prints the conversation until the person answers.

    python chat.py 127.0.0.1:8080 USERNAME PASSWORD PEER TEXT

The modules `im.…` are generated from the protos; see the tour in README.md.
"""

import queue
import sys
import uuid

import grpc
from im.auth.v1 import auth_pb2, auth_pb2_grpc, user_pb2, user_pb2_grpc
from im.gateway.v1 import stream_pb2, stream_pb2_grpc
from im.messaging.v1 import conversation_pb2, conversation_pb2_grpc, message_pb2


def main(server, username, password, peer_name, text):
    channel = grpc.insecure_channel(server)
    login = auth_pb2_grpc.AuthServiceStub(channel).Login(
        auth_pb2.LoginRequest(username=username, password=password)
    )
    token = [("authorization", f"Bearer {login.access_token}")]

    found = user_pb2_grpc.UserServiceStub(channel).ListUsers(
        user_pb2.ListUsersRequest(query=peer_name), metadata=token
    )
    peer = next(user for user in found.users if user.username == peer_name)
    names = {login.user.id: login.user.display_name, peer.id: peer.display_name}

    conversation = conversation_pb2_grpc.ConversationServiceStub(channel).CreateConversation(
        conversation_pb2.CreateConversationRequest(
            kind=conversation_pb2.Conversation.DIRECT, member_ids=[peer.id]
        ),
        metadata=token,
    ).conversation

    frames = queue.SimpleQueue()  # what we say on the stream; None ends it

    def say(**frame):
        frames.put(stream_pb2.ConnectRequest(frame=stream_pb2.ClientFrame(**frame)))

    say(hello=stream_pb2.Hello())
    stream = stream_pb2_grpc.StreamServiceStub(channel).Connect(
        iter(frames.get, None), metadata=token
    )
    for response in stream:
        frame = response.frame
        kind = frame.WhichOneof("frame")
        if kind == "welcome":
            # Sending again with the same key sends nothing twice.
            say(
                send=message_pb2.SendMessageRequest(
                    conversation_id=conversation.id, client_key=str(uuid.uuid4()), text=text
                )
            )
        elif kind == "batch":
            for entry in frame.batch.entries:
                if entry.message.conversation_id == conversation.id:
                    print(f"{names[entry.message.sender_id]}: {entry.message.text}", flush=True)
                    if entry.message.sender_id == peer.id:
                        frames.put(None)
                        return
        elif kind in ("error", "goaway"):
            sys.exit(f"{kind}: {getattr(frame, kind)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
