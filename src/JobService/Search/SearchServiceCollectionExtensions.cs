using ForegSyte.Hosting.Configuration;

namespace ForegSyte.Jobs.Search;

/// <summary>Registers the index of tracks. Call it after the job store.</summary>
internal static class SearchServiceCollectionExtensions
{
    public static void AddSearch(this IServiceCollection services)
    {
        services.AddCheckedOptions<SearchOptions>(SearchOptions.Section);
        services.AddSingleton<SearchIndexer>();
        services.AddHostedService(provider => provider.GetRequiredService<SearchIndexer>());
    }
}
