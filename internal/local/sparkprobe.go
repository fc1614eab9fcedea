package local

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/emptypb"
)

// errToken is a server that refuses the token.
var errToken = errors.New("another server has the port, or the token is wrong")

// Field numbers of spark/connect/base.proto. The first two are the same in every request.
const (
	sessionIDField    = 1  // string
	userContextField  = 2  // message, its field 1 is the user's name
	sparkVersionField = 10 // of AnalyzePlanRequest: an empty message
)

// probeSession is the session of the probe. It stays: ReleaseSession fails in a server without Spark's
// machine learning, whose jars we do not need, and is then never answered.
const probeSession = "00000000-0000-4000-8000-000000000000"

// probeSpark asks the server, with the token, for its version.
func probeSpark(ctx context.Context, remote, token string) error {
	conn, err := grpc.NewClient(remote, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)

	request := appendBytes(nil, sessionIDField, []byte(probeSession))
	request = appendBytes(request, userContextField, appendBytes(nil, 1, []byte("lakectl")))
	request = appendBytes(request, sparkVersionField, nil)
	err = call(ctx, conn, "AnalyzePlan", request)
	if status.Code(err) == codes.Unauthenticated {
		return fmt.Errorf("%w: %w", errToken, err)
	}
	return err
}

// call makes a unary call and drops the answer. Its messages are bytes in an empty message's unknown
// fields: spark-connect-go's are internal, and a second copy of them in one program would panic.
func call(ctx context.Context, conn *grpc.ClientConn, method string, request []byte) error {
	var req, answer emptypb.Empty
	req.ProtoReflect().SetUnknown(request)
	return conn.Invoke(ctx, "/spark.connect.SparkConnectService/"+method, &req, &answer)
}

func appendBytes(b []byte, field protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), v)
}
