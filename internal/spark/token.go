package spark

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TokenSource gives the bearer token for the next call, and no header is sent for "". It is asked before each
// call and by several goroutines, so it keeps the token for as long as that is good. refused is "", or a token
// that the server has just refused: where the source has no other, it returns the same one again, and the
// call fails.
type TokenSource func(ctx context.Context, refused string) (string, error)

// Refused reports whether err says that the server does not take the token, or not for this.
func Refused(err error) bool {
	var e *Error
	return errors.As(err, &e) && isRefusal(e.Code) && e.Class == "" // a class is Spark's own word, of rights on tables
}

// isRefusal: gateways answer an expired token by either.
func isRefusal(c codes.Code) bool { return c == codes.Unauthenticated || c == codes.PermissionDenied }

// authorized makes a call with a token, and once more with another where the server refuses the first.
func (s *Session) authorized(ctx context.Context, call func(context.Context) error) error {
	header, token, err := s.authorize(ctx)
	if err != nil {
		return err
	}
	cause := call(header)
	if !isRefusal(status.Code(cause)) {
		return cause
	}
	if err := s.replaceToken(ctx, token, cause); err != nil {
		return err
	}
	if header, _, err = s.authorize(ctx); err != nil {
		return err
	}
	return call(header)
}

// authorize returns the context of a call, with its headers, and the token among them.
func (s *Session) authorize(ctx context.Context) (context.Context, string, error) {
	token, err := s.token(ctx, "")
	if err != nil {
		return nil, "", fmt.Errorf("get a token for spark: %w", err)
	}
	for key, value := range s.headers {
		ctx = metadata.AppendToOutgoingContext(ctx, key, value)
	}
	if token != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
	}
	return ctx, token, nil
}

// replaceToken has the source get another token than the one that was refused. It returns the refusal where
// there is no other.
func (s *Session) replaceToken(ctx context.Context, token string, refusal error) error {
	other, err := s.token(ctx, token)
	if err != nil {
		return fmt.Errorf("get another token for spark: %w", err)
	}
	if other == token {
		return refusal
	}
	s.log.Debug("the server refused a token; going on with another", "refusal", refusal)
	return nil
}
