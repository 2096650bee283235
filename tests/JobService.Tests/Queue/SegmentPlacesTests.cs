using ForegSyte.Jobs.Queue;
using ForegSyte.Jobs.Tenants;
using Microsoft.Extensions.Options;

namespace ForegSyte.Jobs.Tests.Queue;

/// <summary>The segments in flight of several tenants: two jobs of two segments have four places.</summary>
public sealed class SegmentPlacesTests
{
    private readonly ScriptedInference _inference = new();
    private readonly SegmentPlaces _places;

    public SegmentPlacesTests() => _places = new SegmentPlaces(
        _inference, Options.Create(new SegmentOptions()), Options.Create(new DispatchOptions()),
        Options.Create(new TenantOptions()));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EnterAsync_WithoutTenants_UsesAllPlaces()
    {
        await TakeAsync("", 4);
        Assert.False(_places.EnterAsync("", Cancellation).IsCompleted, "A fifth segment has a place.");
    }

    [Fact]
    public async Task EnterAsync_OneTenantWithManySegments_LeavesAPlaceForAnother()
    {
        await TakeAsync("a", 3);
        var waiting = _places.EnterAsync("a", Cancellation);
        Assert.False(waiting.IsCompleted, "The tenant has the place that is kept for others.");

        Assert.True(_places.EnterAsync("b", Cancellation).IsCompletedSuccessfully, "The other tenant waits.");
    }

    [Fact]
    public async Task EnterAsync_PlaceFreed_GoesToTheTenantWithTheFewest()
    {
        await TakeAsync("a", 3);
        var ofSame = _places.EnterAsync("a", Cancellation);
        var held = await _places.EnterAsync("b", Cancellation);
        var ofOther = _places.EnterAsync("b", Cancellation);
        Assert.False(ofOther.IsCompleted, "The tenant has two segments although no place is free.");

        held.Dispose();

        await ofOther;
        Assert.False(ofSame.IsCompleted, "A tenant got more than its share while another waited.");
    }

    [Fact]
    public async Task EnterAsync_MoreInferenceServices_HaveMorePlaces()
    {
        _inference.ServingCount = 2;
        await TakeAsync("", 8);
        Assert.False(_places.EnterAsync("", Cancellation).IsCompleted, "A ninth segment has a place.");
    }

    [Fact]
    public async Task EnterAsync_CancelledWhileItWaits_TakesNoPlace()
    {
        var held = await TakeAsync("", 4);
        using var cancel = new CancellationTokenSource();
        var cancelled = _places.EnterAsync("", cancel.Token);
        var next = _places.EnterAsync("", Cancellation);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);

        held[0].Dispose();

        await next;
    }

    private async Task<List<IDisposable>> TakeAsync(string tenant, int count)
    {
        var held = new List<IDisposable>();
        for (var number = 0; number < count; number++)
        {
            held.Add(await _places.EnterAsync(tenant, Cancellation));
        }

        return held;
    }
}
