//Numpy array shape [2]
//Min 66.000000000000
//Max 78.000000000000
//Number of zeros 0

#ifndef CONTEXT_WEIGHT_SCORE_H_
#define CONTEXT_WEIGHT_SCORE_H_

context_weight_score_t context_weight_score[2] = {66, 78};


#endif
