using System.Data.Common;
using ForegSyte.Hosting.Errors;
using ForegSyte.Jobs.Search;
using ForegSyte.Jobs.Storage;
using ForegSyte.V1;

namespace ForegSyte.Jobs.Tests.Search;

/// <summary>The statements of a search.</summary>
public abstract partial class SearchStoreContract
{
    [Fact]
    public async Task Find_LaterPageOfFrequentObjects_IsFoundInTheNewestJobs()
    {
        for (var i = 0; i < 200; i++)
        {
            await AddAsync(Completed(i), Object(1, "person"));
        }

        var database = new WatchedDatabase((ISearchDatabase)Store);
        var search = new TrackSearch(database);
        var scope = Any.Scope with { Limit = 51 };
        var first = await search.FindAsync(Any with { Scope = scope }, Cancellation);
        var ofFirst = database.Statements;
        var last = first[49];
        var after = new TrackPosition(new JobPosition(last.Job.CreatedAt, last.Job.JobId), last.Track.TrackId);

        var second = await search.FindAsync(Any with { Scope = scope with { After = after } }, Cancellation);

        Assert.Equal(51, second.Count);
        Assert.Equal(first[50].Job.JobId, second[0].Job.JobId);
        Assert.Equal(ofFirst, database.Statements - ofFirst);
    }

    [Fact]
    public async Task Find_JobsVanishInEveryTry_IsUnavailable()
    {
        await AddAsync(Completed(1), Object(1, "person"), Text(2, "GATE 07"));
        await AddAsync(Completed(2), Object(1, "person"), Text(2, "GATE 07"));
        var search = new TrackSearch(new WatchedDatabase((ISearchDatabase)Store) { HidesJobs = true });

        var ofObjects = await Assert.ThrowsAsync<ServiceException>(() => search.FindAsync(Any, Cancellation));
        var ofTexts = await Assert.ThrowsAsync<ServiceException>(() =>
            search.FindAsync(Texts("GATE 07"), Cancellation));

        Assert.All([ofObjects, ofTexts], failure => Assert.Equal(
            (ErrorReason.StoreUnavailable, true), (failure.Reason, failure.RetryAfter > TimeSpan.Zero)));
    }

    /// <summary>Counts the statements of a database, and can hide rows as if they were just deleted.</summary>
    private sealed class WatchedDatabase(ISearchDatabase database) : ISearchDatabase
    {
        /// <summary>Number of statements.</summary>
        public int Statements { get; private set; }

        /// <summary>Whether the newest job is missing in the table of jobs.</summary>
        public bool HidesJobs { get; init; }

        public ISearchDialect Dialect => database.Dialect;

        public Task ReadAsync(
            string sql, IReadOnlyList<(string Name, object? Value)> parameters, Func<DbDataReader, bool> read,
            CancellationToken cancellationToken)
        {
            Statements++;
            var hides = HidesJobs && sql.Contains(" FROM jobs ", StringComparison.Ordinal);
            return database.ReadAsync(
                sql, parameters,
                row =>
                {
                    var isHidden = hides;
                    hides = false;
                    return isHidden || read(row);
                },
                cancellationToken);
        }
    }
}
