using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Client.Tests.Fakes;

/// <summary>A SearchService with scripted responses.</summary>
public sealed class ScriptedSearchService : SearchService.SearchServiceBase
{
    public Script<SearchTracksRequest, SearchTracksResponse> Tracks { get; } = new();

    public Script<SearchTextsRequest, SearchTextsResponse> Texts { get; } = new();

    public override Task<SearchTracksResponse> SearchTracks(SearchTracksRequest request, ServerCallContext context) =>
        Tracks.RunAsync(request, context);

    public override Task<SearchTextsResponse> SearchTexts(SearchTextsRequest request, ServerCallContext context) =>
        Texts.RunAsync(request, context);
}
