package spark

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// interceptUnary pins the session id of a call, and repeats it while the server is unavailable.
func (s *Session) interceptUnary(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	in, out := req.(proto.Message), reply.(proto.Message)
	callers := s.pin(in)
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		return struct{}{}, permanentUnlessUnavailable(s.authorized(ctx, func(ctx context.Context) error {
			return next(ctx, method, req, reply, cc, opts...)
		}))
	}, backoff.WithBackOff(retryDelay()), backoff.WithMaxElapsedTime(s.retryFor))
	if err == nil {
		s.unpin(out, callers)
	}
	return unwrapPermanent(err)
}

func retryDelay() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval = 50*time.Millisecond, time.Second
	return b
}

func permanentUnlessUnavailable(err error) error {
	if err == nil || status.Code(err) == codes.Unavailable {
		return err
	}
	return backoff.Permanent(err)
}

func unwrapPermanent(err error) error {
	var p *backoff.PermanentError
	if errors.As(err, &p) {
		return p.Unwrap()
	}
	return err
}

// pin puts this session's id and the server's into a request, and returns the id that the caller
// had put there: spark-connect-go makes one of its own and refuses answers with another.
func (s *Session) pin(req proto.Message) (callers string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	callers = stringField(req, "session_id")
	setStringField(req, "session_id", s.id)
	setObservedSession(req, s.serverID)
	return callers
}

// unpin gives the caller its id back, and remembers which session the server says it served.
func (s *Session) unpin(res proto.Message, callers string) {
	if served := serverSession(res); served != "" {
		s.mu.Lock()
		if s.serverID == "" && stringField(res, "session_id") == s.id {
			s.serverID = served
		}
		s.mu.Unlock()
	}
	setStringField(res, "session_id", callers)
}

// interceptStream makes each ExecutePlan reattachable.
func (s *Session) interceptStream(ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	e := &execution{session: s, ctx: ctx}
	e.open = func(method string) (stream grpc.ClientStream, err error) {
		var header context.Context
		if header, e.token, err = s.authorize(ctx); err != nil {
			return nil, err
		}
		return next(header, desc, cc, method, opts...)
	}
	var err error
	if e.ClientStream, err = e.open(method); err != nil {
		return nil, err
	}
	if method != service+"ExecutePlan" {
		return e.ClientStream, nil
	}
	return e, nil
}

// execution is one ExecutePlan as its caller sees it: a single response stream, whatever number of
// streams it took. The server keeps responses until they are released, so after a dropped
// connection, or when the server ends a stream after two minutes, a ReattachExecute goes on behind
// the last response that arrived. Used by one goroutine at a time, like any gRPC stream.
type execution struct {
	grpc.ClientStream
	session *Session
	ctx     context.Context
	open    func(method string) (grpc.ClientStream, error)

	token        string // of the stream that is open
	request      proto.Message
	callers      string // the session id that the caller put into its request
	operationID  string
	sent         time.Time // when the request was
	lastResponse string    // id of the last response that arrived
	complete     bool      // the result's end has arrived
}

// SendMsg sends the ExecutePlanRequest, made reattachable.
func (e *execution) SendMsg(m any) error {
	e.request = m.(proto.Message)
	e.callers = e.session.pin(e.request)
	e.operationID = stringField(e.request, "operation_id")
	if e.operationID == "" {
		e.operationID = uuid.NewString()
		setStringField(e.request, "operation_id", e.operationID)
	}
	makeReattachable(e.request)
	e.sent = time.Now()
	if err := e.ClientStream.SendMsg(m); !errors.Is(err, io.EOF) { // EOF: RecvMsg has the reason
		return err
	}
	return nil
}

// makeReattachable replaces the request's options by {reattach_options {reattachable true}}.
func makeReattachable(req proto.Message) {
	r := req.ProtoReflect()
	options := r.Mutable(r.Descriptor().Fields().ByName("request_options")).List()
	options.Truncate(0)
	option := options.NewElement()
	reattach := option.Message().Mutable(option.Message().Descriptor().Fields().ByName("reattach_options")).Message()
	reattach.Set(reattach.Descriptor().Fields().ByName("reattachable"), protoreflect.ValueOfBool(true))
	options.Append(option)
}

// workedFor is how long a stream must have lasted for its end to be the server's habit, or a new
// trouble, rather than one more failed try.
const workedFor = time.Second

// RecvMsg reads the next response, reattaching as often as needed. Tries that fail one after the
// other go on for the session's RetryFor.
func (e *execution) RecvMsg(m any) error {
	out := m.(proto.Message)
	delay, giveUp := retryDelay(), time.Now().Add(e.session.retryFor)
	for {
		lasted, err := e.receive(out)
		if err == nil {
			return nil
		}
		if permanent := (*backoff.PermanentError)(nil); errors.As(err, &permanent) {
			return e.end(permanent.Unwrap())
		}
		if lasted >= workedFor {
			delay.Reset()
			giveUp = time.Now().Add(e.session.retryFor)
		}
		wait := delay.NextBackOff()
		if time.Now().Add(wait).After(giveUp) {
			return e.end(err)
		}
		select {
		case <-time.After(wait):
		case <-e.ctx.Done():
			return e.end(status.FromContextError(e.ctx.Err()).Err())
		}
	}
}

// receive reads one response, and says how long it waited for it. An error that is not permanent has
// left a fresh stream behind, or asks for another try.
func (e *execution) receive(out proto.Message) (time.Duration, error) {
	began := time.Now()
	err := e.ClientStream.RecvMsg(out)
	lasted := time.Since(began)
	if err != nil {
		return lasted, e.recover(err)
	}

	e.lastResponse = stringField(out, "response_id")
	r := out.ProtoReflect()
	if r.Has(r.Descriptor().Fields().ByName("result_complete")) {
		e.complete = true
	}
	e.session.unpin(out, e.callers)
	return lasted, nil
}

// recover replaces a stream that has ended before the result has, and returns why it ended.
func (e *execution) recover(cause error) error {
	switch {
	case errors.Is(cause, io.EOF) && e.complete:
		return backoff.Permanent(io.EOF)
	case errors.Is(cause, io.EOF):
		return e.reattach(status.Error(codes.Unavailable, "the server ended the response before the result"))
	case status.Code(cause) == codes.Unavailable, isClass(cause, "INVALID_CURSOR.DISCONNECTED"):
		return e.reattach(cause)
	case isRefusal(status.Code(cause)):
		if err := e.session.replaceToken(e.ctx, e.token, cause); err != nil {
			return backoff.Permanent(err)
		}
		return e.reattach(cause)
	case isClass(cause, "INVALID_HANDLE.OPERATION_NOT_FOUND") && e.lastResponse == "":
		// The request itself was lost on its way; the operation id makes sending it again safe.
		e.sent = time.Now()
		return e.reopen("ExecutePlan", e.request, cause)
	}
	return backoff.Permanent(cause)
}

// settle is how old a request has to be to be asked for while nothing of its answer has come: Spark (4.0.1) takes an
// operation for an orphan, and ends it, that it knows and whose thread it has not started yet.
const settle = time.Second

func (e *execution) reattach(cause error) error {
	e.session.log.Debug("reattach", "operation", e.operationID, "cause", cause)
	if e.lastResponse == "" {
		select {
		case <-time.After(time.Until(e.sent.Add(settle))):
		case <-e.ctx.Done():
			return backoff.Permanent(status.FromContextError(e.ctx.Err()).Err())
		}
	}
	req := object{
		"sessionId": e.session.ID(), "userContext": object{"userId": e.session.userID},
		"operationId": e.operationID, "clientType": clientType,
	}
	if e.lastResponse != "" {
		req["lastResponseId"] = e.lastResponse
	}
	msg, err := fill("ReattachExecuteRequest", req)
	if err != nil {
		return backoff.Permanent(err)
	}
	e.session.pin(msg)
	return e.reopen("ReattachExecute", msg, cause)
}

// reopen sends req on a new stream, and returns cause so that the caller reads again.
func (e *execution) reopen(method string, req proto.Message, cause error) error {
	stream, err := e.open(service + method)
	if err != nil {
		return permanentUnlessUnavailable(err)
	}
	if err := stream.SendMsg(req); err != nil && !errors.Is(err, io.EOF) { // EOF: RecvMsg has the reason
		return permanentUnlessUnavailable(err)
	}
	_ = stream.CloseSend()
	e.ClientStream = stream
	return cause
}

// end lets the server forget the operation: its responses where the result was read to the end,
// and the work itself where the caller's context ended first. It returns cause.
func (e *execution) end(cause error) error {
	forget := e.session.release
	switch {
	case e.ctx.Err() != nil:
		forget = e.session.interrupt
	case !errors.Is(cause, io.EOF):
		return cause // the server ended it
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(e.ctx), 5*time.Second)
	go func() {
		defer cancel()
		forget(ctx, e.operationID)
	}()
	return cause
}

func isClass(err error, class string) bool {
	st, ok := status.FromError(err)
	return ok && st.Code() != codes.OK && strings.HasPrefix(fromStatus(st).Class, class)
}
