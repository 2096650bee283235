using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Hosting.Errors;

/// <summary>What is published of one reason beside the comment that errors.proto has for it.</summary>
/// <param name="Reason">The reason.</param>
/// <param name="Code">The status code of every error with this reason.</param>
/// <param name="IsRetryable">Whether the same call may succeed later as it is, without anybody doing anything.</param>
/// <param name="WhatToDo">What the caller can do, a sentence or two.</param>
public sealed record ErrorReasonEntry(ErrorReason Reason, StatusCode Code, bool IsRetryable, string WhatToDo);
