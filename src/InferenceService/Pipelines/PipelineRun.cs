using System.Runtime.ExceptionServices;
using System.Threading.Channels;
using ForegSyte.Hosting.Errors;
using ForegSyte.Inference.Stages;
using ForegSyte.Inference.Video;
using ForegSyte.V1;

namespace ForegSyte.Inference.Pipelines;

/// <summary>
/// One call's frames on their way: the decoder fills the first channel, each node reads one channel and writes the
/// next, the caller reads the last. Every channel is bounded, first in first out, with one writer and one reader; so
/// order is kept, nothing is dropped, and a slow node holds back those before it.
/// </summary>
internal sealed class PipelineRun : IAsyncDisposable
{
    private readonly CompiledPipeline _pipeline;
    private readonly SegmentMeter _meter;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private readonly Channel<FrameWork>[] _channels;
    private readonly Task[] _workers;
    private ExceptionDispatchInfo? _failure;

    /// <summary>Starts to pull frames.</summary>
    public PipelineRun(
        CompiledPipeline pipeline, IAsyncEnumerable<Frame> frames, int capacity, SegmentMeter meter,
        CancellationToken cancellationToken)
    {
        _pipeline = pipeline;
        _meter = meter;
        _caller = cancellationToken;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _channels = [.. Enumerable.Range(0, pipeline.Nodes.Count + 1).Select(_ => CreateChannel(capacity))];
        _workers =
        [
            StartWorker(() => PumpAsync(frames), _channels[0]),
            .. Enumerable.Range(0, pipeline.Nodes.Count)
                .Select(position => StartWorker(() => WorkAsync(position), _channels[position + 1])),
        ];
    }

    /// <summary>The next frame's result, or null after the last.</summary>
    /// <exception cref="ServiceException">A stage or the decoder failed.</exception>
    /// <exception cref="OperationCanceledException">The caller's token was cancelled.</exception>
    public async ValueTask<FrameResult?> NextAsync()
    {
        var results = _channels[^1].Reader;
        try
        {
            if (await results.WaitToReadAsync(_stop.Token) && results.TryRead(out var work))
            {
                return ToResult(work);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The cause is told below, once nothing runs any more.
        }

        await StopAsync();
        _caller.ThrowIfCancellationRequested();
        _failure?.Throw();
        return null;
    }

    /// <summary>Stops what still runs, waits for it, and gives every frame back.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _stop.Dispose();
    }

    private async Task StopAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_workers);
        foreach (var channel in _channels)
        {
            while (channel.Reader.TryRead(out var work))
            {
                work.Frame.Dispose();
            }
        }
    }

    private static Channel<FrameWork> CreateChannel(int capacity) => Channel.CreateBounded<FrameWork>(
        new BoundedChannelOptions(capacity)
        {
            SingleReader = true,
            SingleWriter = true,
            FullMode = BoundedChannelFullMode.Wait,
            // A stage computes for long; its reader must not run on the writer's thread.
            AllowSynchronousContinuations = false,
        });

    /// <summary>
    /// Runs a worker on the thread pool. It never faults: the first failure is kept and stops the others. Only then is
    /// the worker's output completed, so that nobody takes a stop for the end of the video.
    /// </summary>
    private Task StartWorker(Func<Task> work, Channel<FrameWork> output) => Task.Run(async () =>
    {
        try
        {
            await work();
        }
        catch (Exception failure)
        {
            Interlocked.CompareExchange(ref _failure, ExceptionDispatchInfo.Capture(failure), null);
            await _stop.CancelAsync();
        }
        finally
        {
            output.Writer.TryComplete();
        }
    });

    private async Task PumpAsync(IAsyncEnumerable<Frame> frames)
    {
        await foreach (var frame in frames.WithCancellation(_stop.Token))
        {
            await PassOnAsync(0, new FrameWork(frame, _pipeline.Nodes.Count));
        }
    }

    private async Task WorkAsync(int position)
    {
        while (await NextWorkAsync(position) is { } work)
        {
            _meter.AddQueue(work.QueuedAt, _pipeline.Nodes[position].Id);
            try
            {
                work.Outputs[position] = await ProcessAsync(_pipeline.Nodes[position], work);
            }
            catch
            {
                work.Frame.Dispose();
                throw;
            }

            if (position == _pipeline.Nodes.Count - 1)
            {
                work.Frame.Dispose();
            }

            await PassOnAsync(position + 1, work);
        }
    }

    private async ValueTask<FrameWork?> NextWorkAsync(int position)
    {
        var start = _meter.Start();
        var more = await _channels[position].Reader.WaitToReadAsync(_stop.Token);
        if (position == 0)
        {
            _meter.AddDecodeWait(start);
        }

        return more && _channels[position].Reader.TryRead(out var work) ? work : null;
    }

    private async ValueTask<StageOutput> ProcessAsync(CompiledNode node, FrameWork work)
    {
        var start = _meter.Start();
        try
        {
            return await node.Stage.ProcessAsync(work.InputOf(node), _stop.Token);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !_stop.IsCancellationRequested)
        {
            throw StageFailed(node, work.Frame.Index, failure);
        }
        finally
        {
            _meter.AddInference(start, node.Id);
        }
    }

    private async ValueTask PassOnAsync(int channel, FrameWork work)
    {
        work.QueuedAt = _meter.Start();
        try
        {
            await _channels[channel].Writer.WriteAsync(work, _stop.Token);
        }
        catch
        {
            work.Frame.Dispose();
            throw;
        }
    }

    private FrameResult ToResult(FrameWork work) => new()
    {
        FrameIndex = work.Frame.Index,
        FrameTimestampMs = work.Frame.TimestampMs,
        Result = ResultAssembly.Assemble(
            [.. _pipeline.Nodes.Zip(work.Outputs).Where(pair => pair.First.IsOutput).Select(pair => pair.Second!)]),
    };

    private ServiceException StageFailed(CompiledNode node, int frameIndex, Exception cause)
    {
        var frame = frameIndex.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new ServiceException(
            ErrorReason.StageFailed,
            $"Node '{node.Id}' of the pipeline '{_pipeline.Definition.Id}' failed at frame {frame}.",
            cause)
        {
            Metadata = new Dictionary<string, string>
            {
                ["pipelineId"] = _pipeline.Definition.Id,
                ["node"] = node.Id,
                ["frameIndex"] = frame,
            },
        };
    }
}
