-- A line names the rate that priced it, in the statement that reads the rate. As a foreign key that
-- locked the same few rates for each of 150,000 lines, from every bank's connection at once: a hot
-- row. Whoever loads the regulation asks whether a rate is in use before he takes one away.
ALTER TABLE bill_line DROP CONSTRAINT bill_line_rate_group_care_class_rate_first_month_fkey;

-- Bills of one month lie together, since they were issued together: a summary of the blocks finds
-- them for a few bytes a megabyte, and an update of a bill stays HOT.
CREATE INDEX bill_month ON bill USING brin (coverage_month)
    WITH (pages_per_range = 32, autosummarize = on);
