using System.Globalization;
using ForegSyte.Hosting.Errors;
using ForegSyte.V1;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ForegSyte.Hosting.Messages;

/// <summary>
/// Answers a request message that is too large with MESSAGE_TOO_LARGE and what to do instead, before its bytes are
/// read. Without it a caller gets a bare RESOURCE_EXHAUSTED that names no other way.
/// </summary>
/// <remarks>
/// Only the length that the prefix announces is looked at; the bytes stay in the pipe for gRPC. A compressed message
/// counts by its compressed length here, and by its full length in gRPC, which stops unpacking at the largest limit.
/// </remarks>
public sealed class MessageSizeGate(
    RequestDelegate next, IOptions<MessageSizeLimits> limits, ILogger<MessageSizeGate> logger)
{
    /// <summary>Lets a request through, or answers it.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        // Streaming methods (reflection, health) may wait for the server to speak first: a peek would wait for ever.
        if (context.GetEndpoint()?.Metadata.GetMetadata<GrpcMethodMetadata>() is { Method.Type: MethodType.Unary } grpc
            && await PeekAsync(context) is { } prefix
            && limits.Value.Of(grpc.Method.FullName) is var limit
            && prefix.MessageBytes > limit.MaxBytes)
        {
            logger.LogInformation(
                "{Method} refused a message of {ActualBytes} bytes, the limit is {LimitBytes}",
                grpc.Method.FullName, prefix.MessageBytes, limit.MaxBytes);
            await TrailersOnly.AnswerAsync(context.Response, Refusal(prefix, limit));
            return;
        }

        await next(context);
    }

    private static async Task<GrpcPrefix?> PeekAsync(HttpContext context)
    {
        var reader = context.Request.BodyReader;
        var read = await reader.ReadAtLeastAsync(GrpcPrefix.Length, context.RequestAborted);
        if (read.Buffer.Length < GrpcPrefix.Length)
        {
            reader.AdvanceTo(read.Buffer.Start);
            return null;
        }

        var prefix = GrpcPrefix.Read(read.Buffer);

        // Nothing is consumed, and the last byte of the prefix counts as not looked at: the next read returns at once.
        reader.AdvanceTo(read.Buffer.Start, read.Buffer.GetPosition(GrpcPrefix.Length - 1));
        return prefix;
    }

    private static ServiceException Refusal(GrpcPrefix prefix, MessageSizeLimit limit) =>
        new(
            ErrorReason.MessageTooLarge,
            FormattableString.Invariant(
                $"The request has {prefix.MessageBytes} bytes, the limit is {limit.MaxBytes} bytes. {limit.WhatToDo}"))
        {
            Metadata = new Dictionary<string, string>
            {
                ["actualBytes"] = prefix.MessageBytes.ToString(CultureInfo.InvariantCulture),
                ["limitBytes"] = limit.MaxBytes.ToString(CultureInfo.InvariantCulture),
            },
        };
}
