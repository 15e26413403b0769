"""Figures that others have published with their results, for the tests of the analysis."""

# Moodle, mod/quiz/report/statistics/tests: the marks of fixtures/mdl_question_states.csv for slots
# 8 to 20 (slot 8 is worth 8, the others 1; slots 1 to 7 make no points), and the results that
# statistics_test.php expects of them, which come from the spreadsheet stats.xls of its authors.
MOODLE_SLOTS = (8, 9, 10, 11, 12, 19, 20, 17, 18, 14, 15, 16, 13)
MOODLE_MARKS = (
    (5.5, 0.3, 0.9, 1, 0.3, 0, 1, 1, 0, 0, 0, 1, 1),
    (1, 0.9, 0.9, 0.3, 0.3, 0, 1, 0, 1, 0, 0, 1, 1),
    (2.5, 1, 0.9, 0.3, 1, 1, 1, 1, 1, 0, 1, 1, 0),
    (4, 0.3, 0.9, 1, 0.3, 0, 1, 1, 0, 0, 0, 0, 0),
    (3, 0.9, 0.3, 0.9, 1, 1, 0, 1, 1, 1, 0, 0, 0),
    (4.5, 0.9, 1, 1, 0.9, 0, 0, 0, 0, 1, 1, 1, 0),
    (3, 0.3, 0.3, 0.3, 0.3, 1, 1, 1, 1, 0, 1, 1, 1),
    (6, 0.9, 0.9, 1, 0.3, 0, 1, 1, 0, 1, 1, 1, 0),
    (0.5, 0.9, 1, 0.9, 0.3, 0, 1, 1, 1, 1, 1, 0, 0),
    (5.5, 0.9, 1, 0.9, 0.3, 0, 0, 1, 0, 1, 0, 0, 1),
    (2.5, 0.9, 1, 1, 0.9, 0, 1, 1, 0, 1, 0, 0, 0),
    (4, 0.9, 0.3, 0.9, 1, 0, 1, 1, 1, 1, 1, 1, 0),
    (4, 0.9, 0.3, 0.3, 1, 1, 0, 0, 1, 1, 1, 0, 1),
    (3, 1, 1, 0.3, 1, 1, 0, 1, 1, 1, 0, 1, 0),
    (1, 1, 0.9, 0.3, 0.3, 0, 0, 0, 0, 0, 1, 0, 1),
    (1, 0.3, 0.3, 0.3, 0.9, 0, 1, 0, 0, 0, 0, 1, 0),
    (1.5, 1, 0.3, 0.9, 1, 0, 0, 1, 0, 1, 0, 1, 1),
    (4, 0.9, 1, 0.9, 1, 0, 0, 0, 1, 1, 1, 1, 0),
    (2, 0.9, 0.9, 0.3, 0.9, 0, 0, 0, 0, 1, 0, 0, 0),
    (1, 1, 0.3, 0.3, 0.3, 0, 0, 1, 0, 1, 1, 0, 0),
    (6, 0.9, 1, 1, 0.9, 1, 1, 0, 0, 0, 0, 1, 0),
    (7, 0.9, 0.3, 0.3, 0.3, 0, 0, 1, 1, 0, 1, 1, 1),
)
MOODLE_EXPECTED = {
    # slot: facility, discrimination index, discriminative efficiency, effective weight, in %
    8: (41.19318182, 25.88327077, 27.23492723, 26.58464457),
    9: (81.36363636, 1.170256965, 1.382386552, 3.368456046),
    10: (71.36363636, -4.207816809, -4.691171307, 3.253955259),
    11: (65.45454545, 28.16930644, 31.12404354, 7.584083694),
    12: (65.90909091, -2.513606859, -2.877487579, 3.79658376),
    13: (36.36363636, -12.99017581, -17.5074184, 3.183278505),
    14: (59.09090909, -8.900638238, -10.27568922, 4.532356904),
    15: (50, 8.670004606, 10.86956522, 7.78856243),
    16: (59.09090909, 29.63337745, 34.58997279, 10.08351572),
    17: (63.63636364, 15.18945843, 17.4790556, 8.381139345),
    18: (45.45454545, 16.21079629, 20.14359793, 8.727645713),
    19: (27.27272727, 15.52451404, 22.06477733, 7.946277111),
    20: (50, -8.396734802, -10, 4.769500946),
}

# K. L. Wuensch, East Carolina University, StatHelp/KR20.txt: ten students, ten items; the sum of
# p * q is 2.18 and the variance of the totals 5.84, both of the population.
KR20_ANSWERS = (
    "1111110110",
    "1011011101",
    "1111011001",
    "0010001000",
    "0000010010",
    "1110111111",
    "1101110111",
    "1111111101",
    "0101111101",
    "1101101110",
)
KR20_VARIANCE, KR20_SUM = 5.84, 2.18

# Canvas, spec/models/quizzes/quiz_statistics/item_analysis/summary_spec.rb, whose authors had R
# compute them: items in columns, alpha 0.545, population variance of the totals 0.6875.
CANVAS_ROWS = ((1, 1, 1), (1, 1, 0), (1, 0, 0), (1, 0, 0))
CANVAS_ALPHA, CANVAS_VARIANCE, CANVAS_DEVIATION = 0.545, 0.6875, 0.8291562
# The same file, and item_spec.rb beside it: totals, where they are cut, how many are at the top and
# at the bottom.
CANVAS_ENDS = (
    ((3, 3, 2, 1, 1, 1, 1, 1, 0, 0, 0), 0.73, 0.27, 3, 3),
    ((3, 3, 0, 0), 0.75, 0.25, 2, 0),
    ((3, 3), 0.73, 0.27, 2, 0),
    ((3, 2, 2, 2), 0.73, 0.27, 1, 0),
)

# Microsoft, the reference of Excel's SKEW function.
SKEWED, SKEW = (3, 4, 5, 2, 3, 4, 5, 6, 4, 7), 0.359543

# D. Lakens (2013), Frontiers in Psychology 4:863, the example of two films rated by ten people:
# mean 8.7 (SD 0.82) and 7.7 (SD 0.95), 95 % interval of the difference 0.52 to 1.48.
FIRST_FILM = (9, 7, 8, 9, 8, 9, 9, 10, 9, 9)
SECOND_FILM = (9, 6, 7, 8, 7, 9, 8, 8, 8, 7)
FILM_DEVIATIONS, FILM_INTERVAL = (0.82, 0.95), (0.52, 1.48)
