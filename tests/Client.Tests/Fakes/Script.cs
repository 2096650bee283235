using System.Collections.Concurrent;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>What a scripted method answers, step by step, and what it was asked.</summary>
public sealed class Script<TRequest, TResponse>
    where TRequest : IMessage<TRequest>
{
    private readonly ConcurrentQueue<Func<TRequest, ServerCallContext, Task<TResponse>>> _steps = new();
    private readonly ConcurrentQueue<TRequest> _requests = new();
    private Func<TRequest, ServerCallContext, Task<TResponse>>? _always;

    /// <summary>The requests so far, oldest first.</summary>
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

    /// <summary>Never answers; ends when the caller does.</summary>
    public Script<TRequest, TResponse> Hang(TaskCompletionSource? reached = null) => Do(async (_, context) =>
    {
        reached?.TrySetResult();
        await Task.Delay(Timeout.Infinite, context.CancellationToken);
        throw new InvalidOperationException("An infinite wait has ended.");
    });

    /// <summary>Breaks the connection in the middle of the call.</summary>
    public Script<TRequest, TResponse> BreakConnection() => Do((_, context) =>
    {
        // The whole connection, as a killed server would; HttpContext.Abort only resets the one stream.
        context.GetHttpContext().Features.GetRequiredFeature<IConnectionLifetimeFeature>().Abort();
        return Task.FromCanceled<TResponse>(new CancellationToken(canceled: true));
    });

    public Script<TRequest, TResponse> Do(Func<TRequest, ServerCallContext, Task<TResponse>> step)
    {
        _steps.Enqueue(step);
        return this;
    }

    /// <summary>What is answered when the steps are used up.</summary>
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
            ? throw new RpcException(new Status(StatusCode.Internal, $"{context.Method} was called once too often."))
            : step(request, context);
    }
}
