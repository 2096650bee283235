using System.Diagnostics.Metrics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;

namespace ForegSyte.Testing;

/// <summary>Records the metrics of one meter factory.</summary>
/// <typeparam name="TMetrics">The class with the instruments.</typeparam>
public sealed class RecordedMetrics<TMetrics> : IDisposable
    where TMetrics : class
{
    private static readonly TimeSpan Timeout = TimeSpan.FromMinutes(2);

    private readonly ServiceProvider? _own;
    private readonly MeterListener _listener = new();
    private readonly List<(string Name, double Value, string Tags)> _seen = [];
    private TaskCompletionSource _added = NewSignal();

    /// <summary>Records a new instance.</summary>
    public RecordedMetrics()
        : this(new ServiceCollection().AddMetrics().AddSingleton<TMetrics>().BuildServiceProvider()) =>
        _own = (ServiceProvider)Services;

    /// <summary>Records the instance of a running service.</summary>
    public RecordedMetrics(IServiceProvider services)
    {
        Services = services;
        var factory = services.GetRequiredService<IMeterFactory>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (ReferenceEquals(instrument.Meter.Scope, factory))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        _listener.Start();
    }

    /// <summary>The class with the instruments.</summary>
    public TMetrics Metrics => Services.GetRequiredService<TMetrics>();

    private IServiceProvider Services { get; }

    /// <summary>All recorded values of an instrument, in order.</summary>
    /// <param name="name">Name of the instrument.</param>
    /// <param name="tags">Tags as "key=value" to filter by; empty for all values.</param>
    public IReadOnlyList<double> Values(string name, string tags = "")
    {
        lock (_seen)
        {
            return [.. _seen
                .Where(seen => seen.Name == name && (tags.Length == 0 || seen.Tags == tags))
                .Select(seen => seen.Value)];
        }
    }

    /// <summary>Returns when an instrument has a value with these tags.</summary>
    /// <exception cref="TimeoutException">It has none within the time limit.</exception>
    public async Task WaitForAsync(string name, string tags)
    {
        using var limit = new CancellationTokenSource(Timeout, TimeProvider.System);
        while (true)
        {
            Task added;
            lock (_seen)
            {
                if (_seen.Any(seen => seen.Name == name && seen.Tags == tags))
                {
                    return;
                }

                added = _added.Task;
            }

            try
            {
                await added.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                lock (_seen)
                {
                    throw new TimeoutException($"No value of {name} with {tags} within {Timeout}. Recorded values:\n"
                        + string.Join('\n', _seen));
                }
            }
        }
    }

    /// <summary>Collects the observable instruments.</summary>
    public void Collect() => _listener.RecordObservableInstruments();

    /// <inheritdoc />
    public void Dispose()
    {
        _listener.Dispose();
        _own?.Dispose();
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = string.Join(
            ',', tags.ToArray().Select(tag => string.Create(CultureInfo.InvariantCulture, $"{tag.Key}={tag.Value}")));
        lock (_seen)
        {
            _seen.Add((instrument.Name, value, text));
            _added.SetResult();
            _added = NewSignal();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
