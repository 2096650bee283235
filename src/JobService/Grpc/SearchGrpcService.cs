using ForegSyte.Hosting.Security;
using ForegSyte.V1;
using Grpc.Core;

namespace ForegSyte.Jobs.Grpc;

/// <summary>The RPCs of SearchService.</summary>
internal sealed class SearchGrpcService(SearchPages pages) : SearchService.SearchServiceBase
{
    /// <inheritdoc />
    public override Task<SearchTracksResponse> SearchTracks(SearchTracksRequest request, ServerCallContext context) =>
        pages.ReadAsync(request, context.Caller(), context.CancellationToken);

    /// <inheritdoc />
    public override Task<SearchTextsResponse> SearchTexts(SearchTextsRequest request, ServerCallContext context) =>
        pages.ReadAsync(request, context.Caller(), context.CancellationToken);
}
