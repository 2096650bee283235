using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>Limits of the scripts.</summary>
internal static class Script
{
    /// <summary>How long a test waits for a state, for example for the call of a method.</summary>
    public static readonly TimeSpan TimeLimit = TimeSpan.FromMinutes(2);
}

/// <summary>The scripted responses of one method, and its requests.</summary>
public sealed class Script<TRequest, TResponse>
    where TRequest : IMessage<TRequest>
{
    private readonly ConcurrentQueue<Func<TRequest, ServerCallContext, Task<TResponse>>> _steps = new();
    private readonly ConcurrentQueue<TRequest> _requests = new();
    private Func<TRequest, ServerCallContext, Task<TResponse>>? _always;

    /// <summary>Requests so far, oldest first.</summary>
    public IReadOnlyList<TRequest> Requests => [.. _requests];

    public Script<TRequest, TResponse> Answer(params TResponse[] responses)
    {
        foreach (var response in responses)
        {
            Do((_, _) => Task.FromResult(response));
        }

        return this;
    }

    public Script<TRequest, TResponse> Fail(RpcException failure, int times = 1)
    {
        for (var i = 0; i < times; i++)
        {
            Do((_, _) => Task.FromException<TResponse>(failure));
        }

        return this;
    }

    /// <summary>Never responds; ends when the caller cancels.</summary>
    public Script<TRequest, TResponse> Hang(TaskCompletionSource? reached = null) => Do(async (_, context) =>
    {
        reached?.TrySetResult();
        await Task.Delay(Timeout.Infinite, context.CancellationToken);
        throw new InvalidOperationException("An infinite wait has ended.");
    });

    /// <summary>Closes the connection during the call.</summary>
    public Script<TRequest, TResponse> BreakConnection() => Do((_, context) =>
    {
        // The whole connection, as a killed server does; HttpContext.Abort resets only one stream.
        context.GetHttpContext().Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
        return Task.FromCanceled<TResponse>(new CancellationToken(canceled: true));
    });

    public Script<TRequest, TResponse> Do(Func<TRequest, ServerCallContext, Task<TResponse>> step)
    {
        _steps.Enqueue(step);
        return this;
    }

    /// <summary>Sets the response after the last step.</summary>
    public Script<TRequest, TResponse> Always(Func<TRequest, ServerCallContext, Task<TResponse>> step)
    {
        _always = step;
        return this;
    }

    internal Task<TResponse> RunAsync(TRequest request, ServerCallContext context)
    {
        _requests.Enqueue(request.Clone());
        var step = _steps.TryDequeue(out var next) ? next : _always;
        return step is null
            ? throw new RpcException(
                new Status(StatusCode.Internal, $"The script of {context.Method} has no further response."))
            : step(request, context);
    }
}
