package spark

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const service = "/spark.connect.SparkConnectService/"

// object is a protobuf message written as protojson: field names in lowerCamelCase.
type object = map[string]any

// message makes an empty message of spark-connect-go's own registered type. It panics if the type
// is missing, which is a mistake in this package or a wrong version of spark-connect-go.
func message(name protoreflect.Name) proto.Message {
	t, err := protoregistry.GlobalTypes.FindMessageByName("spark.connect." + protoreflect.FullName(name))
	if err != nil {
		panic(fmt.Sprintf("spark: message type %s: %v", name, err))
	}
	return t.New().Interface()
}

// fill makes a message of the named type from its protojson form.
func fill(name protoreflect.Name, from object) (proto.Message, error) {
	text, err := json.Marshal(from)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", name, err)
	}
	msg := message(name)
	if err := protojson.Unmarshal(text, msg); err != nil {
		return nil, fmt.Errorf("encode %s: %w", name, err)
	}
	return msg, nil
}

// response is the part of spark.connect.ExecutePlanResponse that answers a streaming command.
type response struct {
	Started *startResult   `json:"writeStreamOperationStartResult"`
	Query   *queryResult   `json:"streamingQueryCommandResult"`
	Manager *managerResult `json:"streamingQueryManagerCommandResult"`
}

// execute sends a command and returns its responses, read to the end.
func (s *Session) execute(ctx context.Context, command object) ([]response, error) {
	req, err := fill("ExecutePlanRequest", object{
		"userContext": object{"userId": s.userID},
		"clientType":  clientType,
		"plan":        object{"command": command},
	})
	if err != nil {
		return nil, err
	}
	stream, err := s.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, service+"ExecutePlan")
	if err != nil {
		return nil, asError(err)
	}
	if err := stream.SendMsg(req); err != nil {
		return nil, asError(err)
	}
	if err := stream.CloseSend(); err != nil {
		return nil, asError(err)
	}
	return readResponses(stream)
}

func readResponses(stream grpc.ClientStream) ([]response, error) {
	var all []response
	for {
		msg := message("ExecutePlanResponse")
		if err := stream.RecvMsg(msg); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, asError(err)
		}
		text, err := protojson.Marshal(msg)
		if err != nil {
			return nil, fmt.Errorf("decode response: %w", err)
		}
		var r response
		if err := json.Unmarshal(text, &r); err != nil {
			return nil, fmt.Errorf("decode response: %w", err)
		}
		all = append(all, r)
	}
}

// stringField reads a string field by name; "" where the message lacks it.
func stringField(msg proto.Message, name protoreflect.Name) string {
	r := msg.ProtoReflect()
	f := r.Descriptor().Fields().ByName(name)
	if f == nil {
		return ""
	}
	return r.Get(f).String()
}

// setStringField sets a string field by name where the message has it.
func setStringField(msg proto.Message, name protoreflect.Name, value string) {
	r := msg.ProtoReflect()
	if f := r.Descriptor().Fields().ByName(name); f != nil {
		r.Set(f, protoreflect.ValueOfString(value))
	}
}

// The types that spark-connect-go v35 carries are Spark 3.5's. A 4.0 server says in every response
// which server-side session it served, and refuses a request that names another; both fields are
// unknown to those types and travel as such. Numbers from Spark 4.0.1's base.proto.
var (
	observedSessionField = map[protoreflect.Name]protowire.Number{
		"ExecutePlanRequest": 8, "AnalyzePlanRequest": 17, "ConfigRequest": 8,
		"ReattachExecuteRequest": 6, "ReleaseExecuteRequest": 7, "InterruptRequest": 7,
	}
	serverSessionField = map[protoreflect.Name]protowire.Number{
		"ExecutePlanResponse": 15, "AnalyzePlanResponse": 15, "ConfigResponse": 4,
	}
)

// setObservedSession tells the server which of its sessions the request is meant for.
func setObservedSession(msg proto.Message, id string) {
	r := msg.ProtoReflect()
	number, ok := observedSessionField[r.Descriptor().Name()]
	if !ok || id == "" {
		return
	}
	field := protowire.AppendTag(nil, number, protowire.BytesType)
	r.SetUnknown(protowire.AppendString(field, id))
}

// serverSession returns the server-side session id of a response, or "".
func serverSession(msg proto.Message) string {
	r := msg.ProtoReflect()
	want, ok := serverSessionField[r.Descriptor().Name()]
	if !ok {
		return ""
	}
	for rest := r.GetUnknown(); len(rest) > 0; {
		number, kind, n := protowire.ConsumeField(rest)
		if n < 0 {
			return ""
		}
		if number == want && kind == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(rest)
			if v, m := protowire.ConsumeString(rest[tag:]); m >= 0 {
				return v
			}
		}
		rest = rest[n:]
	}
	return ""
}

func versionOf(text []byte) (string, error) {
	var r struct {
		SparkVersion struct {
			Version string `json:"version"`
		} `json:"sparkVersion"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return "", fmt.Errorf("decode the server's version: %w", err)
	}
	return r.SparkVersion.Version, nil
}
