using System.Globalization;
using FluentMigrator.Runner;
using ForegSyte.Jobs.Storage.Migrations;
using Microsoft.Extensions.Options;
using Npgsql;

namespace ForegSyte.Jobs.Storage.PostgreSql;

/// <summary>The connections of this process to its database in PostgreSQL.</summary>
internal sealed class PostgresDatabase : IMigratedDatabase, IAsyncDisposable
{
    /// <summary>The oldest supported version of the server, as server_version_num.</summary>
    public const int OldestVersion = 150_000;

    /// <summary>Key of the advisory lock that migrations hold; the letters "fsmigrat".</summary>
    private const long MigrationLock = 0x66736D6967726174;

    /// <summary>
    /// Settings of a session, so that a node that is suspended or cut off keeps no lock for long, and no other node
    /// waits long for one. Compiling a statement takes longer than the short statements of the service. The connection
    /// string's own options come later and win.
    /// </summary>
    private const string SessionSettings =
        "-c jit=off -c lock_timeout=2s -c idle_in_transaction_session_timeout=5s -c tcp_keepalives_idle=5 "
        + "-c tcp_keepalives_interval=2 -c tcp_keepalives_count=3 -c tcp_user_timeout=15s";

    /// <summary>
    /// How often a transaction runs that others hinder: together longer than a suspended node keeps its locks.
    /// </summary>
    private const int MaxTries = 5;

    private readonly PostgresOptions _options;
    private readonly NpgsqlConnectionStringBuilder _settings;
    private readonly ILogger _logger;

    /// <exception cref="DatabaseException">The connection string is wrong.</exception>
    public PostgresDatabase(IOptions<PostgresOptions> options, ILoggerFactory loggers)
    {
        _options = options.Value;
        _logger = loggers.CreateLogger<PostgresDatabase>();
        _settings = SettingsOf(_options);
        Name = $"{_settings.Database ?? _settings.Username} on {_settings.Host}:"
            + _settings.Port.ToString(CultureInfo.InvariantCulture);
        var builder = new NpgsqlDataSourceBuilder(_settings.ConnectionString);
        builder.ConnectionStringBuilder.Options = $"{SessionSettings} {_settings.Options}".TrimEnd();
        builder.UseLoggerFactory(loggers);
        if (_options.PasswordFile.Length > 0)
        {
            builder.UsePasswordProvider(
                _ => ReadPassword(File.ReadAllText(_options.PasswordFile)),
                async (_, cancellationToken) =>
                    ReadPassword(await File.ReadAllTextAsync(_options.PasswordFile, cancellationToken)));
        }

        Source = builder.Build();
        builder.ConnectionStringBuilder.Pooling = false;

        // The session of the leader must notice soon that it is lost.
        builder.ConnectionStringBuilder.CommandTimeout = builder.ConnectionStringBuilder.Timeout;
        Sessions = builder.Build();
    }

    /// <inheritdoc />
    public string Name { get; }

    /// <summary>Identifies this process in notifications, so that it ignores its own.</summary>
    public Guid Origin { get; } = Guid.NewGuid();

    /// <summary>How long a start waits for the migration by another process.</summary>
    internal TimeSpan MigrationWait { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The pool of connections.</summary>
    public NpgsqlDataSource Source { get; }

    /// <summary>Makes connections outside the pool, for what belongs to a session: locks and notifications.</summary>
    public NpgsqlDataSource Sessions { get; }

    /// <summary>Checks that the server can be used; returns the time by its clock.</summary>
    /// <exception cref="DatabaseException">It cannot; the message says why and what to do.</exception>
    public DateTimeOffset RequireUsable()
    {
        try
        {
            using var connection = Source.OpenConnection();
            RequireVersion(Scalar<string>(connection, "SHOW server_version_num"));
            Require(Scalar<string>(connection, "SHOW server_encoding") == "UTF8", "Its encoding must be UTF8.");
            Require(
                !Scalar<bool>(connection, "SELECT pg_is_in_recovery()"),
                "It is a standby, which cannot be written: connect to the primary server.");
            Require(
                Scalar<bool>(connection, $"SELECT EXISTS (SELECT FROM pg_collation WHERE collname = '{Collation}')"),
                "The server was built without ICU, which searches in names need.");
            return new DateTimeOffset(Scalar<DateTime>(connection, "SELECT clock_timestamp()"));
        }
        catch (Exception failure) when (failure is not DatabaseException)
        {
            throw PostgresFailures.OfOpening(Name, failure);
        }
    }

    /// <summary>Checks that this version knows the status of every job.</summary>
    /// <exception cref="DatabaseException">A newer version wrote a status that this one does not know.</exception>
    public void RequireKnownStatuses()
    {
        using var connection = Source.OpenConnection();
        using var command = connection.CreateCommand();
        command.CommandText = JobRows.SelectStatuses;
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            JobRows.ReadStatus(reader);
        }
    }

    /// <summary>The collation of searches without regard to case, the same on every server.</summary>
    public const string Collation = "und-x-icu";

    /// <summary>Runs a read; a second time if the connection broke, as that of the pool does with the server.
    /// </summary>
    /// <exception cref="Hosting.Errors.ServiceException">The database does not answer.</exception>
    public async Task<T> ReadAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        for (var isRepeated = false; ; isRepeated = true)
        {
            try
            {
                await using var connection = await Source.OpenConnectionAsync(cancellationToken);
                return await read(connection, cancellationToken);
            }
            catch (Exception failure) when (PostgresFailures.IsOutage(failure) || PostgresFailures.IsBlocked(failure))
            {
                if (isRepeated)
                {
                    throw PostgresFailures.OfCall(failure);
                }
            }
        }
    }

    /// <summary>
    /// Runs statements in a transaction and returns when they are durable; a second time if the connection broke before
    /// the commit, and a few times if another transaction was faster or has locked a row.
    /// </summary>
    /// <exception cref="Hosting.Errors.ServiceException">The database does not answer.</exception>
    public async Task<T> WriteAsync<T>(
        Func<NpgsqlConnection, CancellationToken, Task<T>> statements, CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var isCommitting = false;
            try
            {
                await using var connection = await Source.OpenConnectionAsync(cancellationToken);
                await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
                var result = await statements(connection, cancellationToken);
                isCommitting = true;
                await transaction.CommitAsync(CancellationToken.None);
                return result;
            }
            catch (Exception failure)
                when (tries < MaxTries && (PostgresFailures.IsConflict(failure) || PostgresFailures.IsBlocked(failure)))
            {
                _logger.LogDebug(failure, "Transaction lost against another one; repeating it");
            }
            catch (Exception failure) when (PostgresFailures.IsOfServer(failure) || PostgresFailures.IsBlocked(failure))
            {
                if (isCommitting && PostgresFailures.IsOutcomeUnknown(failure))
                {
                    throw PostgresFailures.OfUnknownOutcome(failure);
                }

                if (tries > 1 || !PostgresFailures.IsOutage(failure))
                {
                    throw PostgresFailures.OfCall(failure);
                }
            }
        }
    }

    /// <inheritdoc />
    /// <exception cref="DatabaseException">Another process has it for <see cref="MigrationWait"/>.</exception>
    public IDisposable LockSchema()
    {
        // A session lock, in a session of its own: each migration has its own transaction.
        var session = Sessions.OpenConnection();
        try
        {
            var key = MigrationLock.ToString(CultureInfo.InvariantCulture);
            if (!Scalar<bool>(session, $"SELECT pg_try_advisory_lock({key})"))
            {
                _logger.LogInformation("Waiting for another JobService that migrates database {Database}", Name);
                var limit = MigrationWait.TotalMilliseconds.ToString("F0", CultureInfo.InvariantCulture);
                using var command = session.CreateCommand();
                command.CommandTimeout = 0;
                command.CommandText = $"SET lock_timeout = {limit}; SELECT pg_advisory_lock({key})";
                command.ExecuteNonQuery();
            }

            return session;
        }
        catch (PostgresException failure) when (PostgresFailures.IsBlocked(failure))
        {
            session.Dispose();
            throw new DatabaseException(
                $"The database {Name} cannot be used. Another process has been migrating it for "
                + $"{MigrationWait.TotalMinutes:0.#} minutes. Nothing was changed. If that process is suspended, end "
                + "it; otherwise start again when it has ended.",
                failure);
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <inheritdoc />
    public IReadOnlyList<long> AppliedVersions()
    {
        using var connection = Source.OpenConnection();
        if (!Scalar<bool>(connection, $"SELECT to_regclass('{SchemaVersionTable.Name}') IS NOT NULL"))
        {
            return [];
        }

        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT {SchemaVersionTable.VersionColumn} FROM {SchemaVersionTable.Name} ORDER BY 1";
        using var reader = command.ExecuteReader();
        var versions = new List<long>();
        while (reader.Read())
        {
            versions.Add(reader.GetInt64(0));
        }

        return versions;
    }

    /// <inheritdoc />
    public DatabaseException? Explain(Exception failure) => PostgresFailures.OfPrivilege(Name, failure);

    /// <inheritdoc />
    public void AddTo(IMigrationRunnerBuilder runner)
    {
        // FluentMigrator makes its own connection, so it needs the password. Migrations may take long.
        var settings = new NpgsqlConnectionStringBuilder(_settings.ConnectionString)
        {
            Pooling = false,
            CommandTimeout = 0,
        };
        if (_options.PasswordFile.Length > 0)
        {
            settings.Password = ReadPassword(File.ReadAllText(_options.PasswordFile));
        }

        runner.AddPostgreSql().WithGlobalConnectionString(settings.ConnectionString);
    }

    /// <inheritdoc />
    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await Sessions.DisposeAsync();
    }

    /// <summary>Refuses a server that is older than <see cref="OldestVersion"/>.</summary>
    internal void RequireVersion(string serverVersion)
    {
        var version = int.Parse(serverVersion, CultureInfo.InvariantCulture);
        Require(
            version >= OldestVersion,
            $"The server is PostgreSQL {Text(version / 10_000)}; version {Text(OldestVersion / 10_000)} or newer is "
            + "needed.");
    }

    private void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new DatabaseException($"The database {Name} cannot be used. {problem} Nothing was changed.");
        }
    }

    private static NpgsqlConnectionStringBuilder SettingsOf(PostgresOptions options)
    {
        try
        {
            return new NpgsqlConnectionStringBuilder(options.ConnectionString)
            {
                MaxPoolSize = options.MaxConnections,
                Timeout = (int)options.ConnectTimeout.TotalSeconds,
                CommandTimeout = (int)options.CommandTimeout.TotalSeconds,
                ApplicationName = "ForegSyte JobService",
                MaxAutoPrepare = 100,
                AutoPrepareMinUsages = 2,
                NoResetOnClose = true,
                TcpKeepAlive = true,
                IncludeErrorDetail = false,
            };
        }
        catch (ArgumentException failure)
        {
            throw new DatabaseException(
                $"PostgreSql:ConnectionString is not a connection string: {failure.Message}", failure);
        }
    }

    private static T Scalar<T>(NpgsqlConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return (T)command.ExecuteScalar()!;
    }

    private static string ReadPassword(string content) => content.TrimEnd('\r', '\n');

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
